"""Writes docs/metrics.md from the metrics themselves."""

from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from pressroom.front.metrics import FrontMetrics
from pressroom.jobs.depths import Depths, LaneDepth
from pressroom.jobs.waiting import KINDS, Waiting
from pressroom.relay.lanes import LaneGauges
from pressroom.relay.metrics import RelayMetrics
from pressroom.worker.metrics import WorkerMetrics

HEAD = """# Metrics

What `/metrics` tells (Prometheus), made from the code by `make metrics-page`. Where it is served is in
[operations.md](operations.md#watching-it). Sum counters over processes; counters end in `_total`, histograms in
`_bucket`, `_sum` and `_count`. No label holds a prompt, a job's id or a key.

"""
_TOP = "| metric | kind | labels | what |\n| --- | --- | --- | --- |\n"


def page() -> str:
    """The page as it should be."""
    parts = []
    for name, registry in _registries().items():
        rows = sorted({_row(family, registry) for family in registry.collect()})
        parts.append(f"## {name}\n\n{_TOP}" + "".join(f"{row}\n" for row in rows))
    return HEAD + "\n".join(parts)


def _registries() -> dict[str, CollectorRegistry]:
    front, relay, worker = CollectorRegistry(), CollectorRegistry(), CollectorRegistry()
    FrontMetrics(front)
    RelayMetrics(relay)
    # Its families have labels only where there is a lane.
    LaneGauges(relay).told(Depths(1, (LaneDepth("text", "shop", 1, 0),), {}), {KINDS[0]: Waiting()})
    WorkerMetrics(worker, pool="text", slots=1)
    return {"The front": front, "The relay": relay, "A worker": worker}


def _row(family: Metric, registry: CollectorRegistry) -> str:
    collector = registry._names_to_collectors.get(family.name)
    names = getattr(collector, "_labelnames", None)
    if names is None:
        names = tuple(family.samples[0].labels) if family.samples else ()
    labels = ", ".join(f"`{name}`" for name in names) or "–"
    return f"| `{family.name}` | {family.type} | {labels} | {family.documentation} |"


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
    target.write_text(page(), encoding="utf-8")
