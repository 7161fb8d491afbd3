"""Taking jobs back: cancel, erase, results past their time."""

from collections.abc import Callable

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, failure, partial, success

from pressroom.domain.errors import JobErased
from pressroom.domain.job import Held
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State

POLICY = RetryPolicy()


def test_a_queued_job_is_canceled_now(desk: Desk, clock: Timepiece) -> None:
    job = desk.submit()
    canceled = desk.store.cancel("acme", job.id)
    assert canceled == desk.store.job("acme", job.id)
    assert (canceled.state, canceled.finish_reason) == (State.CANCELED, "canceled")
    assert (canceled.finished_at, canceled.expires_at) == (clock.wall, clock.wall + 86_400_000)
    assert desk.claim() == []


def test_a_running_job_is_asked_to_end(desk: Desk) -> None:
    claim = desk.running()
    for _ in range(2):
        job = desk.store.cancel("acme", claim.job.id)
        assert (job.state, job.cancel_requested, job.finished_at) == (State.RUNNING, True, None)
    assert desk.store.complete(claim.held, partial(state=State.CANCELED, finish_reason="canceled"))


def test_a_queued_job_is_canceled_in_no_time(desk: Desk, clock: Timepiece) -> None:
    canceled = desk.store.cancel("acme", desk.submit().id)
    assert (canceled.cancel_requested_at, canceled.cancel_latency_ms) == (clock.wall, 0)
    clock.pass_ms(500)
    assert desk.store.cancel("acme", canceled.id).cancel_latency_ms == 0


def test_a_running_jobs_cancel_takes_from_the_first_request_to_the_end(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    asked_at = clock.wall
    for _ in range(2):
        job = desk.store.cancel("acme", claim.job.id)
        assert (job.cancel_requested_at, job.cancel_latency_ms) == (asked_at, None)
        clock.pass_ms(20)
    desk.store.complete(claim.held, partial(state=State.CANCELED, finish_reason="canceled"))
    job = desk.store.job("acme", claim.job.id)
    assert (job.cancel_requested_at, job.cancel_latency_ms) == (asked_at, 40)


def test_a_cancel_that_came_too_late_took_no_time(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    desk.store.cancel("acme", claim.job.id)
    desk.store.complete(claim.held, success())
    assert desk.store.job("acme", claim.job.id).cancel_latency_ms is None


def test_an_ended_job_is_not_canceled(desk: Desk) -> None:
    claim = desk.running()
    desk.store.complete(claim.held, success())
    assert desk.store.cancel("acme", claim.job.id) == desk.store.job("acme", claim.job.id)
    assert not desk.store.job("acme", claim.job.id).cancel_requested


def _queued(desk: Desk) -> Held:
    return Held(desk.submit().id, 0)


def _running(desk: Desk) -> Held:
    return desk.running().held


def _succeeded(desk: Desk) -> Held:
    claim = desk.running()
    assert desk.store.complete(claim.held, success())
    return claim.held


@pytest.mark.parametrize("begin", [_queued, _running, _succeeded])
def test_an_erased_job_is_gone_for_everybody(desk: Desk, begin: Callable[[Desk], Held]) -> None:
    held = begin(desk)
    desk.store.erase("acme", held.job_id)
    with pytest.raises(JobErased):
        desk.store.job("acme", held.job_id)
    with pytest.raises(JobErased):
        desk.store.erase("acme", held.job_id)
    assert desk.store.jobs("acme").jobs == ()
    assert desk.store.find([held.job_id]) == ()
    assert desk.claim(9) == []
    # The worker that had it is fenced, and the reaper leaves it alone.
    assert desk.store.renew("worker-1", [held], LEASE_MS).lost == {held}
    assert not desk.store.complete(held, success())
    assert desk.store.release(held, failure(), partial(), POLICY) is None
    assert not desk.store.reap(POLICY).ended


def test_an_erasure_is_done_now_and_again_after_a_lease(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    desk.store.erase("acme", claim.job.id)
    (now,) = desk.store.due_erasures()
    assert (now.job_id, now.tenant) == (claim.job.id, "acme")
    assert desk.store.due_erasures() == (now,)  # until it is done
    desk.store.erasures_done([now])
    desk.store.erasures_done([now])  # twice does no harm
    assert desk.store.due_erasures() == ()
    clock.pass_ms(LEASE_MS - 1)
    assert desk.store.due_erasures() == ()
    clock.pass_ms(1)
    (again,) = desk.store.due_erasures()
    assert again.job_id == claim.job.id
    desk.store.erasures_done([again])
    assert desk.store.due_erasures() == ()


def test_a_longer_lease_is_waited_for(desk: Desk, clock: Timepiece) -> None:
    job = desk.submit()
    desk.claim(lease_ms=3 * LEASE_MS)
    desk.store.erase("acme", job.id)
    desk.store.erasures_done([desk.store.due_erasures()[0]])
    clock.pass_ms(2 * LEASE_MS)
    assert desk.store.due_erasures() == ()
    clock.pass_ms(LEASE_MS)
    assert len(desk.store.due_erasures()) == 1


@pytest.mark.parametrize(("later_ms", "settled"), [(LEASE_MS - 1, False), (LEASE_MS, True)])
def test_a_job_that_ended_a_lease_ago_has_no_writer_that_would_have_to_be_waited_for(
    desk: Desk, clock: Timepiece, later_ms: int, settled: bool
) -> None:
    claim = desk.running()
    desk.store.complete(claim.held, success())
    clock.pass_ms(later_ms)
    desk.store.erase("acme", claim.job.id)
    (now,) = desk.store.due_erasures()
    assert now.settled is settled
    desk.store.erasures_done([now])
    clock.pass_ms(LEASE_MS)
    assert len(desk.store.due_erasures()) == (0 if settled else 1)


def test_a_job_that_is_canceled_by_its_erasure_is_never_settled(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    clock.pass_ms(LEASE_MS - 1)
    desk.store.erase("acme", claim.job.id)
    (now,) = desk.store.due_erasures()
    assert not now.settled


def test_erasures_come_in_the_order_they_became_due(desk: Desk, clock: Timepiece) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(desk.submit().id)
        desk.store.erase("acme", jobs[-1])
        clock.pass_ms(1)
    assert [erasure.job_id for erasure in desk.store.due_erasures(limit=2)] == jobs[:2]


def test_erasures_that_were_put_off_let_others_go_first(desk: Desk, clock: Timepiece) -> None:
    jobs = [desk.submit().id for _ in range(4)]
    for job_id in jobs:
        desk.store.erase("acme", job_id)
        clock.pass_ms(1)
    stuck = desk.store.due_erasures(limit=2)
    desk.store.put_off_erasures(stuck, 1_000)
    assert [each.job_id for each in desk.store.due_erasures(limit=2)] == jobs[2:]
    desk.store.put_off_erasures((), 1_000)
    desk.store.erasures_done(desk.store.due_erasures())
    assert desk.store.due_erasures() == ()
    clock.pass_ms(1_000)
    assert desk.store.due_erasures() == stuck
    desk.store.erasures_done(stuck)
    desk.store.put_off_erasures(stuck, 1_000)  # too late: they are done
    clock.pass_ms(1_000)
    assert desk.store.due_erasures() == ()


def test_results_go_when_their_time_is_over(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running(result_ttl_s=60)
    desk.store.complete(claim.held, success())
    open_job = desk.submit(result_ttl_s=1)
    clock.pass_ms(59_999)
    assert desk.store.expire_results() == 0
    assert desk.store.job("acme", claim.job.id).outputs
    clock.pass_ms(1)
    assert [desk.store.expire_results(), desk.store.expire_results()] == [1, 0]
    with pytest.raises(JobErased):
        desk.store.job("acme", claim.job.id)
    assert [erasure.job_id for erasure in desk.store.due_erasures()] == [claim.job.id]
    # A job that has not ended keeps what it has, however short its results live.
    clock.pass_ms(600_000)
    assert desk.store.expire_results() == 0
    assert desk.store.job("acme", open_job.id).state is State.QUEUED


def test_a_result_past_its_time_is_gone_before_anybody_sweeps(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running(result_ttl_s=60)
    desk.store.complete(claim.held, success())
    other = desk.submit()
    job_id = claim.job.id
    clock.pass_ms(59_999)
    assert desk.store.job("acme", job_id).expires_at == clock.wall + 1
    assert {job.id for job in desk.store.jobs("acme").jobs} == {job_id, other.id}
    assert job_id in desk.store.standings([job_id])
    clock.pass_ms(1)
    for look in (desk.store.job, desk.store.cancel):
        with pytest.raises(JobErased):
            look("acme", job_id)
    assert {job.id for job in desk.store.jobs("acme").jobs} == {other.id}
    assert set(desk.store.standings([job_id, other.id])) == {other.id}
    # Its owner need not wait for the sweep.
    desk.store.erase("acme", job_id)
    assert desk.store.expire_results() == 0


def test_results_expire_in_bounded_pieces_the_oldest_first(desk: Desk, clock: Timepiece) -> None:
    jobs = []
    for _ in range(3):
        jobs.append(desk.submit(result_ttl_s=60).id)
        desk.store.cancel("acme", jobs[-1])
        clock.pass_ms(1)
    clock.pass_ms(60_000)
    assert desk.store.expire_results(limit=2) == 2
    assert [each.job_id for each in desk.store.due_erasures()] == jobs[:2]
    assert desk.store.expire_results(limit=2) == 1
