"""Celery's consumer inside this process: hears tickets, survives Redis, never decides when to stop.

Celery runs in a thread of ours, so that signals stay ours: its warm shutdown would wait for tasks
that do not exist, and its other shutdowns raise in the threads pool.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from celery.app import trace
from celery.worker import WorkController, state

from pressroom.adapters.celery.app import make_celery
from pressroom.telemetry import get_logger
from pressroom.worker.tasks import register_turn

_CONCURRENCY = 2
_RESTART_S = 2.0
_TICK_S = 0.5


class TicketConsumer:
    """Consumes the tickets of ``pool``. Without Redis it tries again; the desk has its timer meanwhile."""

    def __init__(self, redis_url: str, *, pool: str, worker: str, turn: Callable[[], None]) -> None:
        self._app = make_celery(redis_url, pools=[pool])
        register_turn(self._app, turn)
        self._name = f"{worker}@{pool}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tickets", daemon=True)

    def start(self) -> None:
        # Celery tells of each ticket twice; the desk tells of what it claims.
        for chatty in ("celery.worker.strategy", "celery.app.trace"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Hear no more tickets. False: Celery did not end in time, which harms nobody."""
        self._stopping.set()
        # Celery looks at this with every tick, and every second while it tries to connect.
        state.should_stop = 0
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        log = get_logger(__name__)
        state.should_stop = None
        # Without it Celery's pool threads look for the task in whatever application is the default.
        trace.setup_worker_optimizations(self._app, self._name)
        while not self._stopping.is_set():
            try:
                self._consume()
            except Exception:
                log.exception("tickets_interrupted")
            if not self._stopping.is_set():
                log.warning("tickets_restart", after_s=_RESTART_S)
                self._stopping.wait(_RESTART_S)
        trace.reset_worker_optimizations(self._app)

    def _consume(self) -> None:
        """Until it is to stop, or something happens that Celery's own retries do not cover."""
        controller = WorkController(
            app=self._app,
            hostname=self._name,
            pool_cls="threads",
            concurrency=_CONCURRENCY,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            ready_callback=self._tick,
        )
        controller.start()

    @staticmethod
    def _tick(consumer: Any) -> None:
        """Without this Celery's loop may sleep for many seconds, and would not see that it is to stop."""
        consumer.hub.call_repeatedly(_TICK_S, lambda: None)
