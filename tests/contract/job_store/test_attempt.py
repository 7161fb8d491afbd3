"""What a worker does with a claim: renew, complete, release, each under its fencing token."""

from dataclasses import replace

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, failure, older, partial, picture, success, text_output

from pressroom.domain.chances import TokenChance
from pressroom.domain.copy.review import Review
from pressroom.domain.errors import IllegalTransition
from pressroom.domain.job import Claim, Held, Usage
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.states import TERMINAL, State
from pressroom.jobs.ports import JobStore, Renewal

POLICY = RetryPolicy()


def _second_attempt(desk: Desk) -> Claim:
    claim = desk.running()
    assert desk.store.release(claim.held, failure(FailureKind.DRAIN), partial(), POLICY) is State.QUEUED
    (again,) = desk.claim()
    assert again.attempt == 2
    return again


# -- renew -------------------------------------------------------------------------------------
def test_a_renewed_lease_holds(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    for _ in range(5):
        clock.pass_ms(LEASE_MS - 1)
        assert desk.store.renew("worker-1", [claim.held], LEASE_MS) == Renewal()
        assert not desk.store.reap(POLICY).requeued


def test_many_leases_are_renewed_at_once(desk: Desk) -> None:
    for _ in range(200):
        desk.submit()
    held = [claim.held for claim in desk.claim(200)]
    assert len(held) == 200
    assert desk.store.renew("worker-1", held, LEASE_MS) == Renewal()


def test_no_lease_is_no_work(store: JobStore) -> None:
    assert store.renew("worker-1", [], LEASE_MS) == Renewal()


def test_a_lease_that_ran_out_is_good_until_it_is_reaped(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    clock.pass_ms(LEASE_MS + 1)
    assert desk.store.renew("worker-1", [claim.held], LEASE_MS) == Renewal()
    assert not desk.store.reap(POLICY).requeued


def test_a_lost_lease_is_told_and_the_others_are_kept(desk: Desk, clock: Timepiece) -> None:
    old = _second_attempt(desk)
    kept = desk.running()
    unknown = Held("job_unknown", 1)
    asked = [older(old.held), kept.held, unknown]
    renewal = desk.store.renew("worker-1", asked, LEASE_MS)
    assert renewal == Renewal(lost=frozenset({older(old.held), unknown}))


def test_an_older_attempt_extends_no_lease(desk: Desk, clock: Timepiece) -> None:
    claim = _second_attempt(desk)
    clock.pass_ms(LEASE_MS - 1)
    desk.store.renew("worker-1", [older(claim.held)], LEASE_MS)
    clock.pass_ms(1)
    assert desk.store.reap(POLICY).requeued == (claim.job.id,)


def test_another_workers_lease_is_lost(desk: Desk) -> None:
    claim = desk.running()
    assert desk.store.renew("worker-2", [claim.held], LEASE_MS).lost == {claim.held}


def test_a_jobs_end_ends_its_lease(desk: Desk) -> None:
    claim = desk.running()
    desk.store.complete(claim.held, success())
    assert desk.store.renew("worker-1", [claim.held], LEASE_MS).lost == {claim.held}


def test_a_renewal_brings_back_the_cancels(desk: Desk) -> None:
    asked, other = desk.running(), desk.running()
    job = desk.store.cancel("acme", asked.job.id)
    assert (job.state, job.cancel_requested) == (State.RUNNING, True)
    held = [asked.held, other.held]
    for _ in range(2):  # until it has ended
        assert desk.store.renew("worker-1", held, LEASE_MS) == Renewal(canceled=frozenset({asked.held}))


# -- complete ----------------------------------------------------------------------------------
def test_a_result_is_stored_with_its_numbers(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running(result_ttl_s=60)
    clock.pass_ms(500)
    chances = (TokenChance(3, b"A", -0.5, (TokenChance(9, b"\xf0", -0.25),)), TokenChance(4, b" mug", -1e-9))
    with_chances = replace(text_output(2), logprobs=chances)
    outputs = (
        text_output(0),
        picture(1, claim.job.id, 1),
        with_chances,
        replace(text_output(3), logprobs=()),
        replace(text_output(4), review=Review(2, -0.5, 0.25, ("It does not end.", "灯"))),
    )
    assert desk.store.complete(claim.held, success(*outputs))
    job = desk.store.job("acme", claim.job.id)
    assert (job.state, job.finish_reason, job.outputs) == (State.SUCCEEDED, "stop", outputs)
    assert (job.finished_at, job.expires_at) == (clock.wall, clock.wall + 60_000)
    assert claim.job.claimed_at is not None
    assert job.first_output_at == claim.job.claimed_at + 12
    assert (job.usage, job.error_code, job.error_message) == (Usage(10, 20, 30), None, None)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELED])
def test_other_endings_keep_the_partial_text(desk: Desk, state: State) -> None:
    claim = desk.running()
    ending = partial(text_output(0, "A mug"), state=state, error_code="x", error_message="Why \x00.")
    assert desk.store.complete(claim.held, ending)
    job = desk.store.job("acme", claim.job.id)
    assert (job.state, job.outputs[0].text) == (state, "A mug")
    assert (job.error_code, job.error_message) == ("x", "Why \x00.")


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.EXPIRED])
def test_an_attempt_completes_only_as_an_end_of_the_workers(desk: Desk, state: State) -> None:
    claim = desk.running()
    with pytest.raises((IllegalTransition, ValueError)):
        desk.store.complete(claim.held, success(state=state))
    assert desk.store.job("acme", claim.job.id).state is State.RUNNING


def test_a_result_is_stored_once(desk: Desk) -> None:
    claim = desk.running()
    assert desk.store.complete(claim.held, success(text_output(0, "first")))
    assert not desk.store.complete(claim.held, success(text_output(0, "second")))
    assert desk.store.job("acme", claim.job.id).outputs[0].text == "first"


def test_an_older_attempt_stores_nothing(desk: Desk) -> None:
    claim = _second_attempt(desk)
    assert not desk.store.complete(older(claim.held), success(text_output(0, "zombie")))
    assert desk.store.release(older(claim.held), failure(), partial(), POLICY) is None
    job = desk.store.job("acme", claim.job.id)
    assert (job.state, job.attempt, job.outputs) == (State.RUNNING, 2, ())
    assert desk.store.complete(claim.held, success(text_output(0, "good")))


def test_a_result_after_a_cancel_was_asked_for_stands(desk: Desk) -> None:
    claim = desk.running()
    desk.store.cancel("acme", claim.job.id)
    assert desk.store.complete(claim.held, success())
    assert desk.store.job("acme", claim.job.id).state is State.SUCCEEDED


def test_a_result_after_a_late_lease_stands(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    clock.pass_ms(10 * LEASE_MS)
    assert desk.store.complete(claim.held, success())


# -- release -----------------------------------------------------------------------------------
def test_an_error_is_tried_again_until_the_budget_is_gone(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    for errors in (1, 2):
        assert desk.store.release(claim.held, failure(), partial(text_output()), POLICY) is State.QUEUED
        job = desk.store.job("acme", claim.job.id)
        assert (job.errors, job.crashes, job.outputs, job.error_code) == (errors, 0, (), None)
        assert (job.claimed_at, job.first_output_at, job.finished_at) == (None, None, None)
        assert job.due_at == clock.wall + POLICY.first_delay_ms * errors
        clock.pass_ms(POLICY.last_delay_ms)
        (claim,) = desk.claim()
    assert desk.store.release(claim.held, failure(), partial(text_output()), POLICY) is State.FAILED
    job = desk.store.job("acme", claim.job.id)
    assert (job.state, job.error_code, job.error_message) == (
        State.FAILED,
        "generation_failed",
        "The model failed.",
    )
    assert (job.errors, job.attempt, len(job.outputs)) == (3, 3, 1)
    assert job.expires_at is not None


def test_a_drain_costs_no_budget_and_no_time(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    for attempt in range(2, 8):
        assert desk.store.release(claim.held, failure(FailureKind.DRAIN), partial(), POLICY) is State.QUEUED
        (claim,) = desk.claim(worker=f"worker-{attempt}")
        assert claim.attempt == attempt
    assert (claim.job.errors, claim.job.crashes) == (0, 0)


@pytest.mark.parametrize("kind", [FailureKind.PERMANENT, FailureKind.DEADLINE])
def test_what_cannot_get_better_fails_at_once(desk: Desk, kind: FailureKind) -> None:
    claim = desk.running()
    assert desk.store.release(claim.held, failure(kind), partial(text_output()), POLICY) is State.FAILED
    assert desk.store.job("acme", claim.job.id).outputs[0].text == "A mug, and blue."


def test_a_crash_while_alone_is_the_jobs_own_fault(desk: Desk) -> None:
    claim = desk.running()
    states = []
    for _ in range(3):
        states.append(desk.store.release(claim.held, failure(FailureKind.CRASH), partial(), POLICY))
        claim = (desk.claim() or [claim])[0]
    assert states == [State.QUEUED, State.QUEUED, State.FAILED]
    job = desk.store.job("acme", claim.job.id)
    assert (job.error_code, job.crashes) == ("dead_letter", 3)


def test_usage_adds_up_over_the_attempts(desk: Desk) -> None:
    claim = _second_attempt(desk)
    assert desk.store.complete(claim.held, success())
    assert desk.store.job("acme", claim.job.id).usage == Usage(11, 22, 33)


def test_a_cancel_wins_over_another_try(desk: Desk) -> None:
    claim = desk.running()
    desk.store.cancel("acme", claim.job.id)
    ending = partial(text_output(0, "half"), finish_reason="canceled")
    assert desk.store.release(claim.held, failure(FailureKind.DRAIN), ending, POLICY) is State.CANCELED
    job = desk.store.job("acme", claim.job.id)
    assert (job.state, job.finish_reason, job.error_code) == (State.CANCELED, "canceled", None)
    assert job.outputs[0].text == "half"


@pytest.mark.parametrize("held", [Held("job_unknown", 1), Held("", 0)])
def test_an_unknown_attempt_is_fenced(store: JobStore, held: Held) -> None:
    assert not store.complete(held, success())
    assert store.release(held, failure(), partial(), POLICY) is None


# -- ends --------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_a_job_that_has_ended_never_changes(desk: Desk, clock: Timepiece, state: State) -> None:
    held = _ended(desk, clock, state)
    before = desk.store.job("acme", held.job_id)
    assert before.state is state
    clock.pass_ms(2 * LEASE_MS)
    assert not desk.store.complete(held, success())
    assert desk.store.release(held, failure(), partial(), POLICY) is None
    assert desk.store.renew("worker-1", [held], LEASE_MS).lost == {held}
    assert desk.store.cancel("acme", held.job_id) == before
    assert desk.claim(9) == []
    desk.store.reap(POLICY)
    assert desk.store.job("acme", held.job_id) == before


def _ended(desk: Desk, clock: Timepiece, state: State) -> Held:
    if state is State.EXPIRED:
        job = desk.submit(deadline_s=1)
        clock.pass_ms(1_000)
        desk.store.reap(POLICY)
        return Held(job.id, 1)
    claim = desk.running()
    ending = success() if state is State.SUCCEEDED else partial(state=state)
    assert desk.store.complete(claim.held, ending)
    return claim.held
