"""The relay's threads that deliver webhooks, apart from its sweeps: who does not answer holds up nobody."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from pressroom.domain.errors import Unavailable
from pressroom.jobs.deliver import Deliverer, Shares, plan
from pressroom.jobs.webhook_ports import Outcome, Taken
from pressroom.relay.metrics import RelayMetrics
from pressroom.telemetry import get_logger

_POLL_S = 0.25
_FORGET_S = 60.0
# A note that the database does not take is tried again this often, a second apart.
_NOTES = 10
_STOP_S = 14.0


class PostRoom:
    """Takes what is due and delivers it, a bounded number at once."""

    def __init__(self, deliverer: Deliverer, metrics: RelayMetrics, shares: Shares) -> None:
        self._deliverer = deliverer
        self._metrics = metrics
        self._shares = shares
        self._log = get_logger(__name__)
        self._lock = threading.Lock()
        self._busy_routes: Counter[str] = Counter()
        self._busy_tenants: Counter[str] = Counter()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._forgot_at = monotonic()
        self._pool = ThreadPoolExecutor(shares.threads, thread_name_prefix="webhook")
        self._thread = threading.Thread(target=self._run, name="postroom", daemon=True)
        self.trouble: str | None = None
        """What keeps it from working, in a sentence."""

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more, and let what is under way end."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(_STOP_S)
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._turn()
                self._forget()
            except Unavailable as error:
                self._in_trouble(error.message)
            except Exception as error:
                self._log.exception("postroom_failed")
                self.trouble = repr(error)
            else:
                if self.trouble is not None:
                    self._log.info("postroom_goes_on")
                self.trouble = None
            # What is trouble now is so in a moment too; and what ends wakes for more.
            if self.trouble is not None:
                self._stopping.wait(1.0)
            else:
                self._wake.wait(_POLL_S)

    def _in_trouble(self, reason: str) -> None:
        if self.trouble is None:
            self._log.warning("postroom_waits", reason=reason)
        self.trouble = reason

    def _turn(self) -> None:
        """Take what may be sent now, and hand it to the threads."""
        routes = self._deliverer.routes()
        tenants = {route.name: route.tenant for route in routes}
        with self._lock:
            wanted = plan(routes, self._busy_routes, self._busy_tenants, self._shares)
        for taken in self._deliverer.take(wanted):
            tenant = tenants[taken.delivery.route]
            with self._lock:
                self._busy_routes[taken.delivery.route] += 1
                self._busy_tenants[tenant] += 1
            self._pool.submit(self._deliver, taken, tenant)

    def _deliver(self, taken: Taken, tenant: str) -> None:
        try:
            outcome = self._deliverer.send(taken)
            self._note(taken, outcome)
        except Exception:
            self._log.exception("webhook_failed", delivery=taken.delivery.id)
        finally:
            with self._lock:
                for busy, name in ((self._busy_routes, taken.delivery.route), (self._busy_tenants, tenant)):
                    busy[name] -= 1
                    if not busy[name]:
                        del busy[name]
            self._wake.set()

    def _note(self, taken: Taken, outcome: Outcome) -> None:
        """Write it down; where the database is away for too long, the delivery is made once more."""
        for _ in range(_NOTES):
            try:
                self._deliverer.settle(taken, outcome)
                break
            except Unavailable:
                if self._stopping.wait(1.0):
                    return
        self._metrics.webhook(outcome)
        if not outcome.delivered:
            self._log.info(
                "webhook_not_delivered",
                delivery=taken.delivery.id,
                endpoint=taken.delivery.endpoint_id,
                status=outcome.attempt.status,
                reason=outcome.attempt.error,
                again=outcome.retry_in_ms is not None,
            )

    def _forget(self) -> None:
        if monotonic() - self._forgot_at < _FORGET_S:
            return
        self._forgot_at = monotonic()
        forgotten = self._deliverer.forget()
        if forgotten:
            self._log.info("webhooks_forgotten", rows=forgotten)
