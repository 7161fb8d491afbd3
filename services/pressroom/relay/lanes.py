"""Gauges of every lane, and of what waits besides jobs: always those of one look, none of a lane that is gone."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from pressroom.jobs.depths import Depths, LaneDepth
from pressroom.jobs.waiting import Waiting

# More tenants than this are told together: each is a series in somebody's database.
_MOST_LANES = 100
OTHERS = "others"


class LaneGauges(Collector):
    """Tells what it was ``told`` last."""

    def __init__(self, registry: CollectorRegistry, most: int = _MOST_LANES) -> None:
        self._most = most
        self._depths = Depths(0, (), {})
        self._waiting: Mapping[str, Waiting] = {}
        registry.register(self)

    def told(self, depths: Depths, waiting: Mapping[str, Waiting] = MappingProxyType({})) -> None:
        """From now on this is told."""
        self._depths = depths
        self._waiting = waiting

    def collect(self) -> Iterator[GaugeMetricFamily]:
        depths = self._depths
        queued = GaugeMetricFamily(
            "pressroom_lane_queued", "Queued jobs of a tenant in a pool.", labels=("pool", "tenant")
        )
        oldest = GaugeMetricFamily(
            "pressroom_lane_oldest_seconds",
            "How long the longest due job of a tenant in a pool has been due.",
            labels=("pool", "tenant"),
        )
        jobs = GaugeMetricFamily(
            "pressroom_jobs", "Jobs that have not ended, by where they stand.", labels=("pool", "state")
        )
        for lane in self._shown(depths):
            queued.add_metric((lane.pool, lane.tenant), lane.queued)
            age_s = max(0.0, (depths.now - lane.oldest_due_at) / 1000)
            oldest.add_metric((lane.pool, lane.tenant), age_s)
        pools = sorted({lane.pool for lane in depths.lanes} | set(depths.running))
        for pool in pools:
            waiting = sum(lane.queued for lane in depths.lanes if lane.pool == pool)
            jobs.add_metric((pool, "queued"), waiting)
            jobs.add_metric((pool, "running"), depths.running.get(pool, 0))
        yield from (queued, oldest, jobs)
        yield from self._besides()

    def _besides(self) -> Iterator[GaugeMetricFamily]:
        counts = GaugeMetricFamily(
            "pressroom_waiting",
            "What is not done yet besides jobs: batches, their rows, deliveries of webhooks, erasures.",
            labels=("what",),
        )
        ages = GaugeMetricFamily(
            "pressroom_waiting_oldest_seconds",
            "How long the first of them could have been done (a batch: since it was made).",
            labels=("what",),
        )
        for kind, waiting in self._waiting.items():
            counts.add_metric((kind,), waiting.count)
            ages.add_metric((kind,), waiting.oldest_s)
        yield from (counts, ages)

    def _shown(self, depths: Depths) -> Iterator[LaneDepth]:
        """The deepest lanes by name, and the rest of each pool as one."""
        deepest = sorted(depths.lanes, key=lambda lane: -lane.queued)
        yield from deepest[: self._most]
        rest = deepest[self._most :]
        for pool in sorted({lane.pool for lane in rest}):
            of_pool = [lane for lane in rest if lane.pool == pool]
            yield LaneDepth(
                pool,
                OTHERS,
                sum(lane.queued for lane in of_pool),
                min(lane.oldest_due_at for lane in of_pool),
            )
