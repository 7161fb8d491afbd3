"""A full queue: which bound, how fast it moves, and a Retry-After that is true."""

from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import Timepiece, card, new_job, success

from pressroom.domain.errors import QueueFull
from pressroom.domain.pace import Bound
from pressroom.jobs.ports import JobStore, QueueLimits


def refusal(store: JobStore, limits: QueueLimits, tenant: str = "acme", pool: str = "text") -> QueueFull:
    with pytest.raises(QueueFull) as refused:
        store.submit(new_job(tenant, pool=pool), None, limits)
    return refused.value


def drain(desk: Desk, clock: Timepiece, seconds: float, times: int) -> None:
    """A worker that ends one job every so many seconds; the queue is filled up again at once."""
    for _ in range(times):
        (claim,) = desk.claim()
        clock.pass_ms(round(seconds * 1000))
        desk.store.announce(card())
        assert desk.store.complete(claim.held, success())
        desk.submit(claim.job.tenant)


@pytest.mark.parametrize("seconds", [0.2, 1.0, 3.0, 20.0, 120.0])
def test_retry_after_is_true_within_a_factor_of_two(desk: Desk, clock: Timepiece, seconds: float) -> None:
    limits = QueueLimits(lane=3)
    for _ in range(3):
        desk.submit(deadline_s=86_400)
    drain(desk, clock, seconds, 12)
    refused = refusal(desk.store, limits)
    # The next one ends that much later, and then there is room.
    assert refused.retry_after_s is not None
    assert max(seconds, 1.0) <= refused.retry_after_s <= max(2 * seconds, 1.0)
    assert (refused.bound, refused.limit, refused.outlook.workers) == (Bound.LANE, 3, 1)
    assert refused.outlook.per_second == pytest.approx(1 / seconds, rel=0.05)
    drain(desk, clock, seconds, 1)
    desk.claim()
    assert desk.store.submit(new_job(), None, limits).created


def test_a_lane_is_told_by_what_it_is_served(desk: Desk, clock: Timepiece) -> None:
    for tenant in ("acme", "globex", "initech", "umbrella"):
        for _ in range(2):
            desk.submit(tenant)
    drain(desk, clock, 2.0, 24)
    # One in four of the pool's is the lane's own.
    assert 8 <= (refusal(desk.store, QueueLimits(lane=2)).retry_after_s or 0) <= 16
    assert 2 <= (refusal(desk.store, QueueLimits(pool=8)).retry_after_s or 0) <= 4


def test_a_newcomers_lane_is_told_by_its_share(desk: Desk, clock: Timepiece) -> None:
    for _ in range(4):
        desk.submit("globex")
    drain(desk, clock, 3.0, 12)
    desk.submit("acme")
    refused = refusal(desk.store, QueueLimits(lane=1))
    assert 6 <= (refused.retry_after_s or 0) <= 12
    assert refused.outlook.per_second == pytest.approx(1 / 6, rel=0.1)


def test_the_bound_in_all_counts_every_pool(desk: Desk, clock: Timepiece) -> None:
    desk.submit("acme")
    desk.submit("acme", pool="image")
    drain(desk, clock, 5.0, 10)
    refused = refusal(desk.store, QueueLimits(total=2), tenant="globex", pool="image")
    assert (refused.bound, refused.limit) == (Bound.ALL, 2)
    assert 5 <= (refused.retry_after_s or 0) <= 10
    assert "all pools" in refused.message
    assert desk.store.submit(new_job(), None, QueueLimits(total=3)).created


def test_the_pools_bound_is_not_another_pools(desk: Desk) -> None:
    desk.submit(pool="image")
    assert desk.store.submit(new_job(), None, QueueLimits(pool=1)).created
    assert refusal(desk.store, QueueLimits(pool=1), tenant="globex").bound is Bound.POOL


def test_without_a_worker_it_says_so(desk: Desk, clock: Timepiece) -> None:
    desk.submit()
    drain(desk, clock, 0.1, 10)
    clock.pass_ms(60_000)
    refused = refusal(desk.store, QueueLimits(lane=1))
    assert refused.retry_after_s == 60
    assert refused.outlook.workers == 0
    assert "no worker" in refused.message


@pytest.mark.parametrize("trouble", [{"draining": True}, {"trouble": "The disk is full."}])
def test_a_worker_that_claims_nothing_is_none(desk: Desk, trouble: dict[str, Any]) -> None:
    desk.submit()
    desk.store.announce(card(**trouble))
    assert refusal(desk.store, QueueLimits(lane=1)).outlook.workers == 0


def test_without_any_end_it_makes_nothing_up(desk: Desk) -> None:
    desk.submit()
    desk.store.announce(card())
    refused = refusal(desk.store, QueueLimits(lane=1))
    assert (refused.retry_after_s, refused.outlook.per_second) == (60, None)
    assert "nobody can say" in refused.message


def test_more_than_the_bound_lets_wait_must_leave_first(desk: Desk, clock: Timepiece) -> None:
    for _ in range(9):
        desk.submit()
    drain(desk, clock, 2.0, 10)
    # Five too many, and one to make room.
    assert 12 <= (refusal(desk.store, QueueLimits(lane=4)).retry_after_s or 0) <= 24
