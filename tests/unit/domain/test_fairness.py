"""Virtual time: who is served next, and what silence is worth."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.fairness import Lane, activated, charged, furthest_behind, rejoined

times = st.floats(0, 1e9, allow_nan=False)
costs = st.floats(1, 1e6, allow_nan=False)
# Sums of whole numbers are exact, so that a bound can be tested to the last bit.
whole_costs = st.integers(1, 10**6).map(float)
weights = st.sampled_from([0.5, 1.0, 2.0, 4.0])
lanes = st.lists(
    st.builds(Lane, st.sampled_from("abcdefgh"), times, weights, st.booleans()),
    max_size=8,
    unique_by=lambda lane: lane.tenant,
)
working = st.frozensets(st.sampled_from("abcdefgh"))


@given(st.lists(whole_costs, min_size=2, max_size=200))
def test_lanes_of_equal_weight_stay_within_one_job(all_costs: list[float]) -> None:
    a, b = Lane("a", 0.0, active=True), Lane("b", 0.0, active=True)
    for cost in all_costs:
        lane = furthest_behind([a, b])
        if lane is a:
            a = charged(a, cost)
        else:
            b = charged(b, cost)
    assert abs(a.virtual_time - b.virtual_time) <= max(all_costs)


def test_service_goes_by_weight() -> None:
    lanes = {name: Lane(name, 0.0, weight, True) for name, weight in (("big", 3.0), ("small", 1.0))}
    served: Counter[str] = Counter()
    for _ in range(400):
        lane = furthest_behind(lanes.values())
        assert lane is not None
        lanes[lane.tenant] = charged(lane, 10.0)
        served[lane.tenant] += 1
    assert served == {"big": 300, "small": 100}


@given(lanes)
def test_the_order_does_not_depend_on_the_listing(known: list[Lane]) -> None:
    assert furthest_behind(known) == furthest_behind(reversed(known))


def test_nobody_is_behind_where_nobody_is() -> None:
    assert furthest_behind([]) is None


@given(st.builds(Lane, st.just("new"), times, weights), lanes)
def test_a_lane_joins_at_the_furthest_behind_and_never_falls_back(lane: Lane, others: list[Lane]) -> None:
    joined = activated(lane, others)
    floor = min((other.virtual_time for other in others if other.active), default=lane.virtual_time)
    assert joined.active
    assert joined.virtual_time == max(lane.virtual_time, floor)


@given(lanes, working)
def test_rejoined_marks_exactly_the_working_lanes(known: list[Lane], tenants: frozenset[str]) -> None:
    resting = max((lane.virtual_time for lane in known), default=0.0)
    after = rejoined(known, tenants, resting)
    assert [lane.tenant for lane in after] == [lane.tenant for lane in known]
    for old, new in zip(known, after, strict=True):
        assert new.active is (new.tenant in tenants)
        assert new.virtual_time >= old.virtual_time
        assert new.weight == old.weight
        if old.active or not new.active:
            assert new.virtual_time == old.virtual_time


@given(lanes, working)
def test_no_newcomer_is_behind_those_who_waited(known: list[Lane], tenants: frozenset[str]) -> None:
    stayed = [lane.virtual_time for lane in known if lane.active and lane.tenant in tenants]
    resting = max((lane.virtual_time for lane in known), default=0.0)
    floor = min(stayed, default=resting)
    for old, new in zip(known, rejoined(known, tenants, resting), strict=True):
        if new.active and not old.active:
            assert new.virtual_time >= floor
