"""Gauges of lanes: what was told last, the deepest by name, and no lane that is gone."""

from prometheus_client import CollectorRegistry

from pressroom.jobs.depths import Depths, LaneDepth
from pressroom.jobs.waiting import Waiting
from pressroom.relay.lanes import OTHERS, LaneGauges


def _told(gauges: LaneGauges) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("pressroom_"), *sample.labels.values()): sample.value
        for family in gauges.collect()
        for sample in family.samples
    }


def test_lanes_of_one_look_and_none_of_the_one_before() -> None:
    gauges = LaneGauges(CollectorRegistry())
    assert _told(gauges) == {}
    gauges.told(Depths(10_000, (LaneDepth("text", "acme", 3, 4_000),), {"text": 2, "image": 1}))
    assert _told(gauges) == {
        ("lane_queued", "text", "acme"): 3,
        ("lane_oldest_seconds", "text", "acme"): 6.0,
        ("jobs", "text", "queued"): 3,
        ("jobs", "text", "running"): 2,
        ("jobs", "image", "queued"): 0,
        ("jobs", "image", "running"): 1,
    }
    gauges.told(Depths(10_000, (LaneDepth("text", "globex", 1, 12_000),), {}), {"erasures": Waiting(3, 1.5)})
    assert _told(gauges) == {
        ("lane_queued", "text", "globex"): 1,
        ("lane_oldest_seconds", "text", "globex"): 0.0,
        ("jobs", "text", "queued"): 1,
        ("jobs", "text", "running"): 0,
        ("waiting", "erasures"): 3,
        ("waiting_oldest_seconds", "erasures"): 1.5,
    }


def test_very_many_tenants_are_few_series() -> None:
    gauges = LaneGauges(CollectorRegistry(), most=2)
    lanes = tuple(LaneDepth("text", f"t{n}", n, 1_000 * n) for n in range(1, 6))
    gauges.told(Depths(10_000, lanes, {}))
    told = _told(gauges)
    assert told["lane_queued", "text", "t5"] == 5
    assert told["lane_queued", "text", "t4"] == 4
    assert told["lane_queued", "text", OTHERS] == 6
    assert told["lane_oldest_seconds", "text", OTHERS] == 9.0
    assert len([key for key in told if key[0] == "lane_queued"]) == 3
    assert told["jobs", "text", "queued"] == 15
