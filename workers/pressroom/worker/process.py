"""A worker's life: open the engine, announce, work, drain, leave.

    start   versions, schema, engine, warm-up, announce, then the first turn of the desk
    work    until SIGTERM, SIGINT, or a broken engine
    drain   claim nothing more; finish what runs until ``drain_s``; give the rest back at once; withdraw

A stuck engine, or a second signal, ends the process on the spot: leases run out by themselves.
"""

import os
import platform
import socket
import threading
from collections.abc import Callable
from importlib.metadata import version
from time import monotonic

from prometheus_client import CollectorRegistry

from pressroom.adapters.host.collector import spare_what_is_here
from pressroom.adapters.host.exposition import Exposition
from pressroom.adapters.host.signals import StopSignals
from pressroom.bootstrap.worker import Pool, WorkerParts
from pressroom.domain.errors import DatabaseUnavailable
from pressroom.domain.ids import new_id
from pressroom.domain.job import Usage
from pressroom.engines.base import Ending, Engine
from pressroom.jobs.attempts import Attempts
from pressroom.jobs.ports import LiveModel, WorkerCard
from pressroom.settings import Settings
from pressroom.telemetry import get_logger
from pressroom.worker.attempt import abandoned
from pressroom.worker.celery_app import TicketConsumer
from pressroom.worker.desk import Desk
from pressroom.worker.finisher import Finisher
from pressroom.worker.heartbeat import Heartbeat
from pressroom.worker.holdings import Abandoned, Holding, Holdings
from pressroom.worker.intake import Intake
from pressroom.worker.loop import EngineLoop
from pressroom.worker.metrics import WorkerMetrics
from pressroom.worker.publisher import Publisher

EXIT_BROKEN = 70
"""The engine died or stood still: start another process."""

# How long an engine may take to say how far a generation came that was taken out of it.
_ENGINE_WORD_S = 2.0
_GIVE_BACK_S = 4.0
_LAST_EVENTS_S = 2.0
_DATABASE_PAUSE_S = (0.5, 5.0)


class WorkerProcess:
    """One incarnation of a worker of ``pool``. Call ``run`` in the main thread."""

    def __init__(self, settings: Settings, pool: Pool, parts: WorkerParts, signals: StopSignals) -> None:
        self._settings = settings
        self._pool = pool
        self._parts = parts
        self._signals = signals
        self._log = get_logger(__name__)
        self.id = new_id("wrk")
        self._lease_ms = round(settings.lease_s * 1000)
        self._giving_up = threading.Event()
        self._broken = False

    def run(self) -> int:
        """Work until told to stop; the exit status. Raises SchemaMismatch, EngineError, MetricsPortTaken."""
        self._log.info("worker_starts", worker=self.id, pool=self._pool, **_versions())
        self._wait_for_database(self._parts.store.check_schema)
        engine = self._open_engine()
        self._assemble(engine)
        spare_what_is_here()
        self._signals.ready()
        self._wait_for_database(lambda: self._parts.store.announce(self._card()))
        self._start()
        self._log.info("worker_ready", worker=self.id, pool=self._pool, slots=engine.info.slots)
        reason = self._signals.wait()
        self._log.info("worker_drains", worker=self.id, reason=reason, held=len(self._holdings.held()))
        self._drain()
        self._log.info("worker_stopped", worker=self.id)
        return EXIT_BROKEN if self._broken else 0

    # -- start -------------------------------------------------------------------------------
    def _wait_for_database(self, ask: Callable[[], None]) -> None:
        pause, last = _DATABASE_PAUSE_S
        while True:
            try:
                return ask()
            except DatabaseUnavailable as error:
                self._log.warning("database_awaited", reason=error.message)
                threading.Event().wait(pause)
                pause = min(2 * pause, last)

    def _open_engine(self) -> Engine:
        began = monotonic()
        engine = self._parts.open_engine()
        opened = monotonic()
        engine.warm_up()
        info = engine.info
        self._log.info(
            "engine_open",
            model=info.model,
            version=info.version,
            provider=info.provider,
            slots=info.slots,
            **{name: value for name in ("variant", "kernels") if (value := getattr(info, name))},
            open_s=round(opened - began, 2),
            warm_up_s=round(monotonic() - opened, 2),
        )
        return engine

    def _assemble(self, engine: Engine) -> None:
        settings, parts, slots = self._settings, self._parts, engine.info.slots
        self._engine = engine
        self._slots = slots
        self._registry = CollectorRegistry()
        self._metrics = WorkerMetrics(self._registry, pool=self._pool, slots=slots)
        self._holdings = Holdings()
        self._publisher = Publisher(parts.events, on_drop=self._metrics.dropped)
        attempts = Attempts(
            parts.store,
            parts.artifacts,
            parts.cache,
            policy=parts.policy,
            cache_ttl_s=settings.cache_ttl_s,
            ended=self._publisher.ended,
            pause=lambda seconds: not self._giving_up.wait(seconds),
        )
        self._finisher = Finisher(
            self._holdings,
            attempts,
            done=self._attempt_over,
            forget=lambda holding: self._publisher.forget(holding.claim.held),
            on_ending=self._metrics.attempt,
            on_over=self._metrics.over,
            likeness=parts.likeness,
        )
        self._loop = EngineLoop(
            engine,
            on_deltas=self._publisher.deltas,
            on_outcome=self._finisher.finish,
            on_broken=self._on_broken,
            on_step=self._metrics.step,
            on_slots=self._on_slots,
        )
        self._intake = Intake(
            parts.artifacts,
            chats=self._chats,
            started=lambda holding: self._publisher.started(holding.claim.held),
            submit=self._loop.submit,
            refuse=self._finisher.refuse,
        )
        self._desk = Desk(
            parts.store,
            self._holdings,
            worker=self.id,
            pool=self._pool,
            models=self._models,
            slots=slots,
            lease_ms=self._lease_ms,
            begin=self._intake.take,
            room=parts.room,
            slots_now=lambda: engine.slots_now,
        )
        self._heartbeat = Heartbeat(
            parts.store,
            self._holdings,
            worker=self.id,
            lease_ms=self._lease_ms,
            # More often than the lease asks for: a beat also brings back what was cancelled.
            beat_s=min(settings.lease_s / 4, settings.poll_s),
            announce_s=settings.worker_seen_s / 3,
            stuck_s=settings.lease_s,
            pulse=lambda: self._loop.pulse,
            card=self._card,
            end=self._loop.end,
            on_stuck=self._on_stuck,
        )
        self._nudges = parts.listen(self._heartbeat.nudge)
        self._tickets = TicketConsumer(parts.redis_url, pool=self._pool, worker=self.id, turn=self._desk.turn)
        self._timer = threading.Thread(target=self._look_now_and_then, name="claim-timer", daemon=True)
        self._no_more_looks = threading.Event()
        self._exposition = self._expose()

    def _expose(self) -> Exposition | None:
        if not self._settings.metrics_port:
            return None
        return Exposition(
            self._registry,
            lambda: "the engine is broken" if self._broken else None,
            port=self._settings.metrics_port,
        )

    def _start(self) -> None:
        if self._exposition is not None:
            self._exposition.start()
        self._publisher.start()
        self._loop.start()
        self._heartbeat.start()
        self._nudges.start()
        self._timer.start()  # it looks at once
        self._tickets.start()

    # -- work --------------------------------------------------------------------------------
    def _look_now_and_then(self) -> None:
        while True:
            if self._desk.free:
                self._desk.turn()
            if self._no_more_looks.wait(self._settings.poll_s):
                return

    def _models(self) -> tuple[LiveModel, ...]:
        """What is served now: versions come and go while the worker lives."""
        provider = self._engine.info.provider
        return tuple(
            LiveModel(manifest.name, manifest.version, manifest.sha256, provider)
            for manifest in self._parts.served()
        )

    def _chats(self, holding: Holding) -> bool:
        """Whether the job's model reads a prompt as a message, which those do that have learnt to chat."""
        wanted = holding.claim.job.model.sha256
        texts = [each.text for each in self._parts.served() if each.sha256 == wanted]
        return all(text is None or text.chat for text in texts)

    def _attempt_over(self) -> None:
        self._metrics.held(self._holdings.load().held)
        self._desk.turn()

    def _card(self) -> WorkerCard:
        return WorkerCard(
            id=self.id,
            pool=self._pool,
            host=socket.gethostname(),
            pid=os.getpid(),
            slots=self._engine.slots_now,
            free=self._desk.free,
            models=self._models(),
            draining=self._desk.closed,
            trouble=self._desk.trouble,
        )

    def _on_slots(self, now: int) -> None:
        """Called by the engine thread: its memory ran out, or it dares more again."""
        self._metrics.slots(now)
        say = self._log.warning if now < self._slots else self._log.info
        say("engine_slots", worker=self.id, slots=now, of=self._slots)

    # -- the engine fails --------------------------------------------------------------------
    def _on_stuck(self, still_s: float) -> None:
        self._log.error(
            "engine_stuck", worker=self.id, still_s=round(still_s, 1), held=len(self._holdings.held())
        )
        os._exit(EXIT_BROKEN)

    def _on_broken(self, error: Exception) -> None:
        """Called by the engine thread, which ends. What it held goes back as after a crash."""
        self._log.error("engine_broken", worker=self.id, exc_info=error)
        self._broken = True
        if self._desk.closed:  # in a drain, which may be past its look at this
            self._close_without_engine()
        self._signals.ask("engine_broken")

    # -- drain -------------------------------------------------------------------------------
    def _drain(self) -> None:
        self._no_more_looks.set()
        self._desk.close()
        self._tickets.stop(timeout_s=0)
        if self._broken:
            self._close_without_engine()
        elif not self._holdings.wait_empty(self._settings.drain_s):
            self._take_back()
        if not self._holdings.wait_empty(_GIVE_BACK_S):
            self._log.warning("leases_left_to_run_out", held=len(self._holdings.held()))
        self._giving_up.set()
        self._nudges.stop()
        self._heartbeat.stop()
        self._intake.stop()
        self._finisher.stop()
        self._publisher.stop(_LAST_EVENTS_S)
        try:
            self._parts.store.withdraw(self.id)
        except DatabaseUnavailable as error:
            self._log.warning("row_left_to_age", reason=error.message)
        if self._exposition is not None:
            self._exposition.stop()
        self._tickets.stop(_LAST_EVENTS_S)
        if self._loop.stop(_LAST_EVENTS_S):
            self._engine.close()

    def _take_back(self) -> None:
        """The grace is over: what still runs goes back, if need be without the engine's word."""
        for key in self._holdings.in_engine():
            self._holdings.abandon(key, Abandoned.DRAIN)
            self._loop.end(key, Ending.ABANDONED)
        if not self._holdings.wait_empty(_ENGINE_WORD_S):
            self._close_without_engine()

    def _close_without_engine(self) -> None:
        """What has left the engine before is being brought home, and stays so. The first reason stands."""
        for key in self._holdings.in_engine():
            self._holdings.abandon(key, Abandoned.BROKEN)
            self._finisher.close_now(key, lambda held: abandoned(held.claim, held.abandoned, Usage()))


def _versions() -> dict[str, str]:
    """Of what decides how a worker behaves; a package that is not installed is left out."""
    found = {"python": platform.python_version()}
    for package in ("pressroom", "celery", "redis", "sqlalchemy", "onnxruntime", "onnxruntime-gpu"):
        try:
            found[package.replace("-", "_")] = version(package)
        except ModuleNotFoundError:  # PackageNotFoundError is one
            continue
    return found
