"""Prompts that are to go before their results: only they go, at their time, and for good."""

from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, failure, partial, success

from pressroom.domain.job import Job
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.states import State

POLICY = RetryPolicy()


def _ended(desk: Desk, clock: Timepiece, how: str) -> Job:
    """A job that ended in this way, with prompts that are kept for a minute."""
    wish: dict[str, Any] = {"prompt_ttl_s": 60, "result_ttl_s": 3_600, "deadline_s": 600}
    if how in ("succeeded", "failed", "canceled running"):
        claim = desk.running(**wish)
        if how == "succeeded":
            desk.store.complete(claim.held, success())
        elif how == "failed":
            desk.store.release(claim.held, failure(FailureKind.PERMANENT), partial(), POLICY)
        else:
            desk.store.cancel("acme", claim.job.id)
            desk.store.complete(claim.held, partial(state=State.CANCELED, finish_reason="canceled"))
        return desk.store.job("acme", claim.job.id)
    job = desk.submit(**wish)
    if how == "canceled queued":
        desk.store.cancel("acme", job.id)
    else:
        clock.pass_ms(600_001)
        desk.store.reap(POLICY)
    return desk.store.job("acme", job.id)


@pytest.mark.parametrize("how", ["succeeded", "failed", "canceled running", "canceled queued", "expired"])
def test_the_prompt_goes_at_its_time_and_all_else_stays(desk: Desk, clock: Timepiece, how: str) -> None:
    before = _ended(desk, clock, how)
    assert before.input
    clock.pass_ms(59_999)
    assert desk.store.erase_prompts() == 0
    clock.pass_ms(1)
    assert [desk.store.erase_prompts(), desk.store.erase_prompts()] == [1, 0]
    after = desk.store.job("acme", before.id)
    assert (after.input, after.prompt_erased_at) == ({}, clock.wall)
    assert (after.outputs, after.state, after.metadata) == (before.outputs, before.state, before.metadata)
    assert after.expires_at == before.expires_at


def test_a_job_that_goes_on_keeps_its_prompt(desk: Desk, clock: Timepiece) -> None:
    queued = desk.submit(prompt_ttl_s=0, deadline_s=86_400)
    claim = desk.claim()[0]
    clock.pass_ms(3_600_000)
    assert desk.store.erase_prompts() == 0
    desk.store.release(claim.held, failure(FailureKind.DRAIN), partial(), POLICY)
    assert desk.store.erase_prompts() == 0
    assert desk.store.job("acme", queued.id).input


def test_prompts_of_those_who_said_nothing_stay_with_the_result(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running(result_ttl_s=3_600)
    desk.store.complete(claim.held, success())
    clock.pass_ms(3_599_000)
    assert desk.store.erase_prompts() == 0


def test_they_go_in_bounded_pieces_and_not_after_an_erasure(desk: Desk, clock: Timepiece) -> None:
    jobs = [desk.submit(prompt_ttl_s=0) for _ in range(3)]
    for job in jobs:
        desk.store.cancel("acme", job.id)
    desk.store.erase("acme", jobs[0].id)
    clock.pass_ms(LEASE_MS)
    assert [desk.store.erase_prompts(1) for _ in range(3)] == [1, 1, 0]
