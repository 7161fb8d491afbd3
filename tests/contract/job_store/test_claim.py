"""A worker's turn: which jobs, in which order, under what lease."""

from collections import Counter
from typing import Any

from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, MODEL, OTHER_MODEL, Timepiece, failure, live, partial, success

from pressroom.domain.job import PinnedModel
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.serving import ALONE_PATIENCE_MS
from pressroom.domain.states import State
from pressroom.jobs.ports import JobStore

POLICY = RetryPolicy()


def test_a_claim_moves_the_job_to_running(desk: Desk, clock: Timepiece) -> None:
    job = desk.submit()
    clock.pass_ms(40)
    (claim,) = desk.claim()
    assert (claim.attempt, claim.alone) == (1, False)
    assert claim.job == desk.store.job("acme", job.id)
    assert (claim.job.state, claim.job.attempt, claim.job.claimed_at) == (State.RUNNING, 1, clock.wall)
    assert claim.job.input == job.input


def test_nothing_is_claimed_twice(desk: Desk) -> None:
    jobs = {desk.submit().id for _ in range(5)}
    first = desk.claim(3)
    second = desk.claim(3, worker="worker-2")
    assert [len(first), len(second)] == [3, 2]
    assert {claim.job.id for claim in first + second} == jobs
    assert desk.claim(3) == []


def test_an_empty_queue_gives_nothing(desk: Desk) -> None:
    assert desk.claim(5) == []


def test_no_room_or_no_model_claims_nothing(desk: Desk, store: JobStore) -> None:
    desk.submit()
    assert desk.claim(0) == []
    nothing = store.claim(worker="w", pool="text", models=[], limit=1, lease_ms=LEASE_MS, idle=True)
    assert nothing == []


def test_only_jobs_of_the_pool_and_of_exactly_this_model(store: JobStore, desk: Desk) -> None:
    desk.submit(pool="image")
    desk.submit(model=OTHER_MODEL)
    desk.submit(model=PinnedModel(MODEL.name, "2", "e" * 64))
    desk.submit(model=PinnedModel("namesake", "1", MODEL.sha256))
    assert desk.claim(9) == []
    mine = desk.submit()
    assert [claim.job.id for claim in desk.claim(9)] == [mine.id]


def test_a_worker_with_several_models_takes_all_in_one_order(store: JobStore, desk: Desk) -> None:
    wanted = []
    for priority, model in ((9, OTHER_MODEL), (8, MODEL), (7, OTHER_MODEL), (6, MODEL)):
        wanted.append(desk.submit(priority=priority, model=model).id)
    claims = store.claim(
        worker="w", pool="text", models=[live(), live(OTHER_MODEL)], limit=9, lease_ms=LEASE_MS, idle=True
    )
    assert [claim.job.id for claim in claims] == wanted


def test_priority_then_age_within_a_lane(desk: Desk, clock: Timepiece) -> None:
    wanted = {}
    for name, priority in (("third", 5), ("fourth", 5), ("last", 0), ("first", 9), ("second", 6)):
        wanted[name] = desk.submit(priority=priority).id
        clock.pass_ms(1)
    order = [claim.job.id for _ in range(5) for claim in desk.claim()]
    assert order == [wanted[name] for name in ("first", "second", "third", "fourth", "last")]


def test_tenants_take_turns_however_long_their_queues_are(desk: Desk, clock: Timepiece) -> None:
    for _ in range(60):
        desk.submit("hog", priority=9)
    clock.pass_ms(5)
    for _ in range(10):
        desk.submit("small")
    served = Counter(claim.job.tenant for claim in desk.claim(20))
    assert served == {"hog": 10, "small": 10}


def test_shares_are_of_cost_not_of_jobs(desk: Desk) -> None:
    for _ in range(40):
        desk.submit("long", params={"max_tokens": 300, "n": 1})
        desk.submit("short", params={"max_tokens": 100, "n": 1})
    served = Counter(claim.job.tenant for claim in desk.claim(40))
    assert served == {"long": 10, "short": 30}


def test_a_newcomer_neither_waits_nor_catches_up(desk: Desk) -> None:
    for _ in range(60):
        desk.submit("early")
    desk.claim(20)
    for _ in range(60):
        desk.submit("late")
    served = Counter(claim.job.tenant for claim in desk.claim(20))
    assert served == {"early": 10, "late": 10}


def test_a_pause_of_the_whole_pool_saves_nothing_up(desk: Desk) -> None:
    for _ in range(20):
        desk.submit("busy")
    desk.claim(20)
    assert desk.claim(1) == []
    for _ in range(40):
        desk.submit("busy")
        desk.submit("newcomer")
    served = Counter(claim.job.tenant for claim in desk.claim(20))
    assert served == {"busy": 10, "newcomer": 10}


def test_a_tenants_lanes_in_two_pools_are_two(desk: Desk) -> None:
    def paint(limit: int) -> Counter[str]:
        claims = desk.store.claim(
            worker="painter", pool="image", models=[live()], limit=limit, lease_ms=LEASE_MS, idle=True
        )
        return Counter(claim.job.tenant for claim in claims)

    for _ in range(20):
        desk.submit("acme")
        desk.submit("acme", pool="image")
        desk.submit("globex", pool="image")
    assert paint(2) == {"acme": 1, "globex": 1}
    # What acme is served in the one pool costs it nothing in the other.
    assert len(desk.claim(15)) == 15
    assert paint(10) == {"acme": 5, "globex": 5}


def test_the_lane_is_settled_by_what_a_job_really_cost(desk: Desk) -> None:
    for _ in range(40):
        desk.submit("cheap")
        desk.submit("dear")
    # Both were charged the same estimate of 30; then it turns out what they cost.
    for claim in desk.claim(2):
        cost = {"cheap": 0, "dear": 300}[claim.job.tenant]
        done = success()
        done = success(usage=type(done.usage)(1, 1, cost))
        assert desk.store.complete(claim.held, done)
    served = Counter(claim.job.tenant for claim in desk.claim(10))
    assert served == {"cheap": 10}


def test_a_job_past_its_deadline_is_not_claimed(desk: Desk, clock: Timepiece) -> None:
    desk.submit(deadline_s=10)
    later = desk.submit(deadline_s=60)
    clock.pass_ms(10_000)
    assert [claim.job.id for claim in desk.claim(5)] == [later.id]


def test_a_job_that_waits_for_its_retry_is_not_claimed(desk: Desk, clock: Timepiece) -> None:
    claim = desk.running()
    assert desk.store.release(claim.held, failure(), partial(), POLICY) is State.QUEUED
    assert desk.claim() == []
    other = desk.submit()
    assert [claim.job.id for claim in desk.claim(5)] == [other.id]
    clock.pass_ms(POLICY.first_delay_ms)
    (again,) = desk.claim()
    assert (again.job.id, again.attempt) == (claim.job.id, 2)


def test_a_job_that_crashed_twice_runs_alone(desk: Desk) -> None:
    troubled = _crashed_twice(desk)
    other = desk.submit("globex")
    # Not with others in the worker, and then not with others beside it.
    assert [claim.job.id for claim in desk.claim(5, idle=False)] == [other.id]
    one_more = desk.submit("globex")
    (claim,) = desk.claim(5, idle=True)
    assert (claim.job.id, claim.alone, claim.attempt) == (troubled, True, 3)
    assert [claim.job.id for claim in desk.claim(5, idle=False)] == [one_more.id]


def test_a_job_that_must_run_alone_is_not_added_to_others(desk: Desk) -> None:
    _crashed_twice(desk)
    urgent = desk.submit(priority=9)
    assert [claim.job.id for claim in desk.claim(5, idle=True)] == [urgent.id]


def test_lonely_jobs_do_not_hide_those_behind_them(desk: Desk) -> None:
    for _ in range(3):
        _crashed_twice(desk, priority=9)
    other = desk.submit()
    assert [claim.job.id for claim in desk.claim(2, idle=False)] == [other.id]


def test_a_busy_worker_runs_empty_for_a_job_that_waited_long_to_be_alone(
    desk: Desk, clock: Timepiece
) -> None:
    troubled = _crashed_twice(desk)
    clock.pass_ms(ALONE_PATIENCE_MS)
    for _ in range(3):
        desk.submit()
    assert desk.claim(5, idle=False) == []
    (claim,) = desk.claim(5, idle=True)
    assert claim.job.id == troubled


def _crashed_twice(desk: Desk, **changes: Any) -> str:
    job = desk.submit(**changes)
    for _ in range(2):
        (claim,) = desk.claim(idle=False)
        assert claim.job.id == job.id
        assert not claim.alone
        crash = failure(FailureKind.CRASH)
        assert desk.store.release(claim.held, crash, partial(), POLICY) is State.QUEUED
    return claim.job.id
