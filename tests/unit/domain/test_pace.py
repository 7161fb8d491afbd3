"""What a refused client is told, against queues that drain at a known rate."""

import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.pace import UNKNOWN_S, Drain, Forecast, forecast

HOUR_MS = 3_600_000


def ends_before(now: int, pauses: list[float]) -> list[int]:
    """Ends in milliseconds, newest first; the newest is just now, as one who is refused sees a full
    queue: the place that it made has been taken already."""
    ages = accumulate(round(pause * 1000) for pause in [0.0, *pauses])
    return [now - age for age in ages if age < HOUR_MS][:200]


def told(pauses: list[float], over: int = 1, workers: int = 1, **lane: object) -> Forecast:
    now = 10 * HOUR_MS
    return forecast(Drain(now, over, ends_before(now, pauses), workers, **lane))  # type: ignore[arg-type]


@pytest.mark.parametrize("per_second", [0.002, 0.01, 0.05, 0.2, 0.45, 1.0])
def test_a_steady_drain_is_told_within_a_factor_of_two(per_second: float) -> None:
    pause = 1 / per_second
    outlook = told([pause] * 300)
    assert pause <= outlook.seconds <= 2 * pause
    assert outlook.per_second == pytest.approx(per_second, rel=0.01)


@pytest.mark.parametrize("per_second", [0.02, 0.1, 0.4])
def test_so_is_a_random_one(per_second: float) -> None:
    draw = random.Random(7)
    waits = [told([draw.expovariate(per_second) for _ in range(250)]).seconds for _ in range(200)]
    mean = sum(waits) / len(waits)
    assert 0.5 / per_second <= mean <= 2 / per_second


@pytest.mark.parametrize("pause", [4.0, 10.0, 30.0])
def test_so_is_one_where_many_end_at_once(pause: float) -> None:
    # 16 places every so many seconds: who comes just too late waits for almost all of a pause.
    outlook = told(([0.0] * 15 + [pause]) * 12)
    assert pause / 2 <= outlook.seconds <= 2 * pause


@pytest.mark.parametrize("per_second", [5.0, 40.0, 1_000.0])
def test_a_fast_one_is_told_as_a_second(per_second: float) -> None:
    assert told([1 / per_second] * 300).seconds == 1


def test_a_rate_that_has_changed_is_noticed_within_a_minute() -> None:
    # Ten a second until a minute ago, and one in five seconds since.
    outlook = told([5.0] * 12 + [0.1] * 150)
    assert 5 <= outlook.seconds <= 10


def test_a_pause_under_way_counts() -> None:
    now = 10 * HOUR_MS
    ends = [now - 40_000 - n * 1_000 for n in range(100)]
    assert forecast(Drain(now, 1, ends, 1)).seconds >= 10


def test_whoever_is_far_behind_waits_for_all_before_him() -> None:
    assert told([0.5] * 200, over=40).seconds == 20


def test_a_lane_is_told_by_its_own_ends() -> None:
    now = 10 * HOUR_MS
    pool = ends_before(now, [0.1] * 300)
    lane = ends_before(now, [8.0] * 30)
    assert 8 <= forecast(Drain(now, 1, lane, 1, pool, 0.5)).seconds <= 16


def test_a_lane_that_was_not_served_gets_its_share_of_the_pool() -> None:
    now = 10 * HOUR_MS
    outlook = forecast(Drain(now, 1, [], 1, ends_before(now, [2.0] * 100), 0.25))
    assert outlook.seconds == 8
    assert outlook.per_second == pytest.approx(0.125)


def test_without_any_end_nothing_is_made_up() -> None:
    assert forecast(Drain(0, 1, [], 3)) == Forecast(UNKNOWN_S, None, 3)


def test_what_dead_workers_did_is_no_promise() -> None:
    outlook = told([0.1] * 200, workers=0)
    assert outlook == Forecast(UNKNOWN_S, None, 0)
    assert told([200.0] * 10, workers=0).seconds == 200


@given(
    st.lists(st.integers(0, HOUR_MS), max_size=300),
    st.integers(1, 10**7),
    st.integers(0, 3),
    st.floats(1e-6, 1.0),
)
def test_it_is_whole_seconds_within_bounds(ages: list[int], over: int, workers: int, share: float) -> None:
    ends = sorted((HOUR_MS - age for age in ages), reverse=True)
    outlook = forecast(Drain(HOUR_MS, over, [], workers, ends, share))
    assert 1 <= outlook.seconds <= 3_600
    assert 1 <= forecast(Drain(HOUR_MS, over, ends, workers)).seconds <= 3_600
    assert (outlook.per_second is None) is (workers == 0 or not ends)
