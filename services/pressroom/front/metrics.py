"""What the front counts, for Prometheus. The registry is handed in: nothing is global.

Labels are bounded: endpoints are the app's own, and a method, status or code is one that it answers with.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class FrontMetrics:
    """Counters of one front process; ``counters`` adds those of all together. Thread-safe."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "pressroom_http_requests",
            "Requests answered.",
            ("endpoint", "method", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "pressroom_http_request_seconds",
            "Time until the answer began.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._refusals = Counter(
            "pressroom_refusals",
            "Answers that say what is wrong, by their code.",
            ("code",),
            registry=registry,
        )
        self._submits = Counter(
            "pressroom_submits",
            "Jobs taken, and those that an Idempotency-Key named already.",
            ("pool", "outcome"),
            registry=registry,
        )
        self._streams = Gauge(
            "pressroom_streams_open",
            "Requests that wait: event streams, and `Prefer: wait`.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def answered(self, endpoint: str | None, method: str, status: int, seconds: float) -> None:
        """``endpoint`` is None where there is nothing at the address."""
        name = endpoint or "none"
        self._requests.labels(name, method if method in _METHODS else "other", str(status)).inc()
        self._seconds.labels(name).observe(seconds)

    def refused(self, code: str) -> None:
        self._refusals.labels(code).inc()

    def submitted(self, pool: str, *, created: bool) -> None:
        self._submits.labels(pool, "new" if created else "known").inc()

    def streams(self, more: int) -> None:
        """So many more wait, or fewer."""
        self._streams.inc(more)
