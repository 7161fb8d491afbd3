"""The reaper: lost workers, deadlines, and when it holds back."""

from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, success

from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.ports import JobStore, Reaped

POLICY = RetryPolicy()


def test_nothing_to_do(store: JobStore) -> None:
    assert store.reap(POLICY) == Reaped()


def test_a_lost_workers_job_goes_back(desk: Desk, clock: Timepiece) -> None:
    claim, kept = desk.running(), desk.running()
    clock.pass_ms(LEASE_MS - 1)
    desk.store.renew("worker-1", [kept.held], LEASE_MS)
    assert desk.store.reap(POLICY) == Reaped()
    clock.pass_ms(1)
    assert desk.store.reap(POLICY) == Reaped(requeued=(claim.job.id,))
    job = desk.store.job("acme", claim.job.id)
    assert (job.state, job.crashes, job.errors, job.attempt) == (State.QUEUED, 1, 0, 1)
    assert job.claimed_at is None
    (again,) = desk.claim()
    assert (again.job.id, again.attempt) == (claim.job.id, 2)


def test_the_zombie_is_fenced(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    clock.pass_ms(LEASE_MS)
    desk.store.reap(POLICY)
    assert desk.store.renew("worker-1", [claim.held], LEASE_MS).lost == {claim.held}
    assert not desk.store.complete(claim.held, success())
    (again,) = desk.claim()
    assert not desk.store.complete(claim.held, success())
    assert desk.store.complete(again.held, success())


def test_a_cancel_that_was_asked_for_wins(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    desk.store.cancel("acme", claim.job.id)
    clock.pass_ms(LEASE_MS)
    assert desk.store.reap(POLICY) == Reaped(canceled=(claim.job.id,))
    job = desk.store.job("acme", claim.job.id)
    assert (job.state, job.finish_reason, job.error_code) == (State.CANCELED, "canceled", None)
    assert job.expires_at is not None


def test_a_job_that_takes_workers_with_it_ends_when_it_was_alone(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    outcomes = []
    for _ in range(3):
        # Sweeps go on all the time, so that no gap holds the reaper back.
        for _ in range(8):
            clock.pass_ms(LEASE_MS // 8)
            reaped = desk.store.reap(POLICY)
        outcomes.append((bool(reaped.requeued), bool(reaped.failed)))
        desk.claim()
    assert outcomes == [(True, False), (True, False), (False, True)]
    job = desk.store.job("acme", claim.job.id)
    assert (job.state, job.error_code, job.crashes) == (State.FAILED, "dead_letter", 3)


def test_a_queued_job_past_its_deadline_expires(desk: Desk, clock: Timepiece) -> None:
    late, later = desk.submit(deadline_s=1), desk.submit(deadline_s=100)
    clock.pass_ms(999)
    assert desk.store.reap(POLICY) == Reaped()
    clock.pass_ms(1)
    assert desk.store.reap(POLICY) == Reaped(expired=(late.id,))
    job = desk.store.job("acme", late.id)
    assert (job.state, job.error_code) == (State.EXPIRED, "deadline_exceeded")
    assert (job.finished_at, job.expires_at) == (clock.wall, clock.wall + 86_400_000)
    assert desk.store.job("acme", later.id).state is State.QUEUED


def test_a_running_job_is_its_workers_until_far_past_its_deadline(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running(deadline_s=1)
    clock.pass_ms(LEASE_MS // 2)
    desk.store.renew("worker-1", [claim.held], LEASE_MS)
    assert desk.store.reap(POLICY) == Reaped()
    clock.pass_ms(LEASE_MS // 2 + 1_000)
    desk.store.renew("worker-1", [claim.held], LEASE_MS)
    assert desk.store.reap(POLICY) == Reaped(failed=(claim.job.id,))
    assert desk.store.job("acme", claim.job.id).error_code == "deadline_exceeded"


def test_a_lost_job_past_its_deadline_is_not_tried_again(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running(deadline_s=1)
    clock.pass_ms(LEASE_MS)
    assert desk.store.reap(POLICY) == Reaped(failed=(claim.job.id,))


def test_a_sweep_is_bounded(desk: Desk, clock: Timepiece) -> None:
    for _ in range(5):
        desk.submit(deadline_s=1)
    clock.pass_ms(1_000)
    assert [len(desk.store.reap(POLICY, limit=2).expired) for _ in range(4)] == [2, 2, 1, 0]


def test_after_an_outage_the_workers_have_one_lease_to_renew(desk: Desk, clock: Timepiece) -> None:
    alive, dead = desk.running(), desk.running()
    desk.store.reap(POLICY)
    # Nobody could reach the database: neither the reaper nor the workers.
    clock.pass_ms(5 * LEASE_MS)
    assert desk.store.reap(POLICY) == Reaped()
    assert desk.store.renew("worker-1", [alive.held], LEASE_MS).lost == frozenset()
    for _ in range(3):
        clock.pass_ms(LEASE_MS // 4)
        desk.store.renew("worker-1", [alive.held], LEASE_MS)
        assert desk.store.reap(POLICY) == Reaped()
    clock.pass_ms(LEASE_MS // 4)
    desk.store.renew("worker-1", [alive.held], LEASE_MS)
    assert desk.store.reap(POLICY) == Reaped(requeued=(dead.job.id,))


def test_deadlines_are_kept_after_an_outage(desk: Desk, clock: Timepiece) -> None:
    desk.store.reap(POLICY)
    job = desk.submit(deadline_s=1)
    clock.pass_ms(5 * LEASE_MS)
    assert desk.store.reap(POLICY) == Reaped(expired=(job.id,))


def test_the_first_sweep_holds_nothing_back(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running(deadline_s=600_000)
    clock.pass_ms(100 * LEASE_MS)
    assert desk.store.reap(POLICY) == Reaped(requeued=(claim.job.id,))
