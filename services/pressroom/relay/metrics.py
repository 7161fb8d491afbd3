"""What the relay knows of the queue, for Prometheus. The registry is handed in: nothing is global."""

from collections.abc import Sequence
from time import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pressroom.jobs.batch_keeping import BatchSweep
from pressroom.jobs.ports import PoolBacklog, Reaped
from pressroom.jobs.webhook_ports import Outcome


class RelayMetrics:
    """Gauges of the last sweep and counters of all."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._due = Gauge("pressroom_jobs_due", "Queued jobs that could run.", ("pool",), registry=registry)
        self._free = Gauge(
            "pressroom_slots_free", "Jobs that live workers would claim now.", ("pool",), registry=registry
        )
        self._oldest = Gauge(
            "pressroom_oldest_due_seconds", "Age of the longest due job.", ("pool",), registry=registry
        )
        self._reaped = Counter(
            "pressroom_reaped", "Jobs that the reaper moved, by where to.", ("to",), registry=registry
        )
        self._tickets = Counter("pressroom_tickets_sent", "Tickets sent.", ("pool",), registry=registry)
        self._erased = Counter("pressroom_erasures_done", "Erasures carried out.", registry=registry)
        self._webhooks = Counter(
            "pressroom_webhook_tries",
            "Tries of deliveries, by what came of them.",
            ("to",),
            registry=registry,
        )
        self._webhook_s = Histogram(
            "pressroom_webhook_try_seconds", "How long a try took.", registry=registry
        )
        self._released = Counter(
            "pressroom_batch_rows_released", "Rows of batches let into the queue.", registry=registry
        )
        self._redis_used = Gauge(
            "pressroom_redis_memory_bytes", "Memory that Redis has used.", registry=registry
        )
        self._redis_most = Gauge(
            "pressroom_redis_memory_most_bytes",
            "Memory that Redis may use (maxmemory); 0 where nobody has said.",
            registry=registry,
        )
        self._booked = Counter(
            "pressroom_charges_booked", "Ended jobs booked into the usage.", registry=registry
        )
        self._batches_ended = Counter("pressroom_batches_ended", "Batches that ended.", registry=registry)

    def batches(self, swept: BatchSweep) -> None:
        self._released.inc(swept.released)
        self._batches_ended.inc(swept.ended)

    def booked(self, count: int) -> None:
        self._booked.inc(count)

    def backlog(self, pools: Sequence[PoolBacklog]) -> None:
        for pool in pools:
            self._due.labels(pool.pool).set(pool.due)
            self._free.labels(pool.pool).set(pool.free)
            age = time() - pool.oldest_due_at / 1000 if pool.oldest_due_at is not None else 0.0
            self._oldest.labels(pool.pool).set(max(0.0, age))

    def reaped(self, reaped: Reaped) -> None:
        for to in ("requeued", "failed", "canceled", "expired"):
            self._reaped.labels(to).inc(len(getattr(reaped, to)))

    def tickets(self, sent: dict[str, int]) -> None:
        for pool, count in sent.items():
            self._tickets.labels(pool).inc(count)

    def redis(self, used: int, most: int) -> None:
        self._redis_used.set(used)
        self._redis_most.set(most)

    def erased(self, count: int) -> None:
        self._erased.inc(count)

    def webhook(self, outcome: Outcome) -> None:
        ended = "again" if outcome.retry_in_ms is not None else "failed"
        self._webhooks.labels("delivered" if outcome.delivered else ended).inc()
        self._webhook_s.observe(outcome.attempt.ms / 1000)
