"""The relay's life: check the schema, sweep every ``sweep_s``, deliver webhooks, stop between two sweeps."""

import threading

from prometheus_client import CollectorRegistry

from pressroom.adapters.host.collector import spare_what_is_here
from pressroom.adapters.host.exposition import Exposition
from pressroom.adapters.host.signals import StopSignals
from pressroom.bootstrap.relay import RelayParts
from pressroom.domain.errors import DatabaseUnavailable
from pressroom.jobs.deliver import Shares
from pressroom.relay.lanes import LaneGauges
from pressroom.relay.metrics import RelayMetrics
from pressroom.relay.postroom import PostRoom
from pressroom.relay.redis_watch import RedisWatch
from pressroom.relay.sweeps import Sweeps
from pressroom.settings import Settings
from pressroom.telemetry import get_logger

_PAUSE_S = (0.5, 5.0)
_STOP_S = 10.0
_NO_SECRET = "PRESSROOM_SECRET is not set; give the relay the one that the fronts have."


class RelayProcess:
    """Call ``run`` in the main thread. More than one relay at once does no harm."""

    def __init__(self, settings: Settings, parts: RelayParts, signals: StopSignals) -> None:
        self._settings = settings
        self._parts = parts
        self._signals = signals
        self._log = get_logger(__name__)
        self._stopping = threading.Event()
        self._registry = CollectorRegistry()
        metrics = RelayMetrics(self._registry)
        self._lanes = LaneGauges(self._registry)
        self._postroom: PostRoom | None = None
        if parts.deliverer is not None:
            self._postroom = PostRoom(parts.deliverer, metrics, Shares.of(settings.webhook_threads))
        self._sweeps = Sweeps(
            parts.housekeeping,
            metrics,
            uploads=parts.uploads.forget_expired,
            batches=parts.batches.sweep,
            books=parts.books,
            measure=self._measure if settings.metrics_port else lambda: None,
            memory=RedisWatch(parts.redis, metrics).look,
        )

    def run(self) -> None:
        """Sweep until told to stop. Raises SchemaMismatch, MetricsPortTaken."""
        self._wait_for_database()
        exposition = self._expose()
        sweeper = threading.Thread(target=self._sweep_on, name="sweeps", daemon=True)
        spare_what_is_here()
        self._signals.ready()
        sweeper.start()
        if self._postroom is not None:
            self._postroom.start()
        else:
            self._log.warning("webhooks_wait", reason=_NO_SECRET)
        self._log.info("relay_ready", sweep_s=self._settings.sweep_s)
        reason = self._signals.wait()
        self._stopping.set()
        if self._postroom is not None:
            self._postroom.stop()
        sweeper.join(_STOP_S)
        if exposition is not None:
            exposition.stop()
        self._log.info("relay_stopped", reason=reason)

    def _measure(self) -> None:
        self._lanes.told(self._parts.depths.depths(), self._parts.waiting.waiting())

    def _wait_for_database(self) -> None:
        pause, last = _PAUSE_S
        while True:
            try:
                return self._parts.store.check_schema()
            except DatabaseUnavailable as error:
                self._log.warning("database_awaited", reason=error.message)
                self._stopping.wait(pause)
                pause = min(2 * pause, last)

    def _expose(self) -> Exposition | None:
        if not self._settings.metrics_port:
            return None
        exposition = Exposition(self._registry, self._trouble, port=self._settings.metrics_port)
        exposition.start()
        return exposition

    def _trouble(self) -> str | None:
        troubles = dict(self._sweeps.troubles)
        if self._postroom is not None and self._postroom.trouble is not None:
            troubles["webhooks"] = self._postroom.trouble
        return "; ".join(f"{duty}: {reason}" for duty, reason in sorted(troubles.items())) or None

    def _sweep_on(self) -> None:
        while True:
            self._sweeps.sweep()
            if self._stopping.wait(self._settings.sweep_s):
                return
