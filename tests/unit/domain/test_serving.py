"""One worker's turn over lanes with jobs, some of which must run alone."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.fairness import Lane
from pressroom.domain.serving import ALONE_PATIENCE_MS, Candidate, Turn, take_turn

Queues = dict[str, list[Candidate]]


def _turn(
    queues: Queues, limit: int = 100, *, idle: bool = False, times: dict[str, float] | None = None
) -> Turn:
    asked: Counter[str] = Counter()

    def queue_of(tenant: str) -> Iterable[Candidate]:
        asked[tenant] += 1
        assert asked[tenant] == 1
        return queues[tenant]

    lanes = [Lane(tenant, (times or {}).get(tenant, 0.0), active=True) for tenant in queues]
    return take_turn(lanes, queue_of, limit=limit, idle=idle)


def _jobs(tenant: str, number: int, cost: float = 10.0) -> list[Candidate]:
    return [Candidate(f"{tenant}{n}", cost) for n in range(number)]


def test_lanes_are_served_turn_and_turn_about() -> None:
    turn = _turn({"a": _jobs("a", 9), "b": _jobs("b", 2)}, limit=6)
    assert turn.job_ids == ["a0", "b0", "a1", "b1", "a2", "a3"]
    assert {tenant: lane.virtual_time for tenant, lane in turn.lanes.items()} == {"a": 40.0, "b": 20.0}


def test_the_lane_that_is_behind_catches_up_first() -> None:
    turn = _turn({"a": _jobs("a", 9), "b": _jobs("b", 9)}, limit=4, times={"a": 25.0})
    assert turn.job_ids == ["b0", "b1", "b2", "a0"]


def test_an_empty_lane_stops_nobody() -> None:
    assert _turn({"a": [], "b": _jobs("b", 2)}).job_ids == ["b0", "b1"]
    assert _turn({}).job_ids == []


def test_only_the_charged_lanes_come_back() -> None:
    assert set(_turn({"a": _jobs("a", 3), "b": _jobs("b", 3)}, limit=1).lanes) == {"a"}


def test_an_idle_worker_takes_a_lonely_job_and_nothing_else() -> None:
    turn = _turn({"a": [Candidate("lonely", 10.0, alone=True), *_jobs("a", 3)]}, idle=True)
    assert (turn.job_ids, turn.alone) == (["lonely"], True)


def test_a_lonely_job_is_passed_over_by_a_busy_worker() -> None:
    queue = [Candidate("lonely", 10.0, alone=True, waited_ms=ALONE_PATIENCE_MS - 1), *_jobs("a", 2)]
    turn = _turn({"a": queue}, idle=False)
    assert (turn.job_ids, turn.alone) == (["a0", "a1"], False)


def test_a_lonely_job_out_of_patience_ends_the_turn() -> None:
    queues: Queues = {
        "a": [Candidate("lonely", 10.0, alone=True, waited_ms=ALONE_PATIENCE_MS), *_jobs("a", 3)],
        "b": _jobs("b", 3),
    }
    # Where its lane comes first nothing is taken, and where another comes first only that.
    assert _turn(queues, idle=False).job_ids == []
    assert _turn(queues, idle=False, times={"a": 5.0}).job_ids == ["b0"]
    assert _turn(queues, idle=True).job_ids == ["lonely"]


candidates = st.builds(
    Candidate,
    st.uuids().map(str),
    st.floats(1, 100),
    st.booleans(),
    st.integers(0, 2 * ALONE_PATIENCE_MS),
)
queues = st.dictionaries(st.sampled_from("abcd"), st.lists(candidates, max_size=6), max_size=4)


@given(queues, st.integers(0, 12), st.booleans())
def test_a_turn_is_sound(given_queues: Queues, limit: int, idle: bool) -> None:
    turn = _turn(given_queues, limit, idle=idle)
    known = {one.job_id: one for queue in given_queues.values() for one in queue}
    assert len(turn.job_ids) <= limit
    assert len(set(turn.job_ids)) == len(turn.job_ids)
    taken = [known[job_id] for job_id in turn.job_ids]
    if any(one.alone for one in taken):
        assert idle
        assert len(taken) == 1
        assert turn.alone
    for tenant, queue in given_queues.items():
        # Within a lane the order is kept.
        mine = [one.job_id for one in queue if one.job_id in turn.job_ids]
        assert mine == [job_id for job_id in turn.job_ids if job_id in mine]
        cost = sum(one.cost for one in queue if one.job_id in turn.job_ids)
        assert abs((turn.lanes[tenant].virtual_time if tenant in turn.lanes else 0.0) - cost) < 1e-6
