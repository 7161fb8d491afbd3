"""Heartbeat: keeps the leases while the engine lives, and hears what was canceled.

Leases are renewed only when the engine's step counter has moved since the last beat, or the engine
has nothing to do. An engine that stands still for ``stuck_s``, while it is watched, ends the process:
its leases run out, and other workers go on with its jobs. A nudge makes it look at once, out of its
rhythm.
"""

import contextlib
import threading
from collections.abc import Callable
from time import monotonic

from pressroom.domain.errors import DatabaseUnavailable
from pressroom.domain.job import Held
from pressroom.engines.base import Ending, Key
from pressroom.jobs.ports import JobStore, WorkerCard
from pressroom.telemetry import get_logger
from pressroom.worker.holdings import Abandoned, Holdings
from pressroom.worker.loop import Pulse

# Nudges that come closer together are one look.
_LOOK_PAUSE_S = 0.01


class Heartbeat:
    """A thread that beats every ``beat_s``; ``announce_s`` is how old the worker's row may get.

    ``end`` asks the engine loop to end a generation; ``on_stuck`` is called once, and is to end the
    process."""

    def __init__(
        self,
        store: JobStore,
        holdings: Holdings,
        *,
        worker: str,
        lease_ms: int,
        beat_s: float,
        announce_s: float,
        stuck_s: float,
        pulse: Callable[[], Pulse],
        card: Callable[[], WorkerCard],
        end: Callable[[Key, Ending], None],
        on_stuck: Callable[[float], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._holdings = holdings
        self._worker = worker
        self._lease_ms = lease_ms
        self._beat_s = beat_s
        self._announce_s = announce_s
        self._stuck_s = stuck_s
        self._pulse = pulse
        self._card = card
        self._end = end
        self._on_stuck = on_stuck
        self._clock = clock
        self._steps = -1
        self._moved_at = self._watched_at = clock()
        self._announced: WorkerCard | None = None
        self._announced_at = 0.0
        self._away = False
        self._nudged = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No more beats; a statement under way is waited for."""
        self._stopping.set()
        self._nudged.set()
        if self._thread.ident is not None:
            self._thread.join()

    def beat(self) -> None:
        """One beat: what the thread does, for those who cannot wait."""
        now = self._clock()
        moves = self._engine_moves(now)
        if now - self._moved_at >= self._stuck_s:
            self._on_stuck(now - self._moved_at)
            return
        try:
            if moves:
                self._renew()
            self._announce(now)
        except DatabaseUnavailable as error:
            if not self._away:
                get_logger(__name__).warning("heartbeat_waits", reason=error.message)
            self._away = True
            return
        if self._away:
            get_logger(__name__).info("heartbeat_goes_on")
        self._away = False

    def nudge(self, job_ids: frozenset[str]) -> None:
        """Something was asked of these jobs (none: of any): have a look if one of them is here."""
        if not job_ids or any(item.job_id in job_ids for item in self._holdings.held()):
            self._nudged.set()

    def look(self) -> None:
        """Ask what was asked of what is held. Whether the engine moves is left to the beats, which end
        the process if it does not: until then its leases may be renewed."""
        with contextlib.suppress(DatabaseUnavailable):  # the next beat says it
            self._renew()

    def _run(self) -> None:
        next_beat = monotonic() + self._beat_s
        while not self._stopping.is_set():
            nudged = self._nudged.wait(max(0.0, next_beat - monotonic()))
            if self._stopping.is_set():
                return
            self._nudged.clear()
            try:
                if nudged and monotonic() < next_beat:
                    self.look()
                    self._stopping.wait(_LOOK_PAUSE_S)
                else:
                    self.beat()
                    next_beat = monotonic() + self._beat_s
            except Exception:
                get_logger(__name__).exception("heartbeat_failed")
                next_beat = monotonic() + self._beat_s

    def _engine_moves(self, now: float) -> bool:
        # Nobody watched, since this process stood still as a whole (stopped, swapped out) or waited for the
        # database: that is no sign of the engine's.
        unwatched = now - self._watched_at - 2 * self._beat_s
        if unwatched > 0:
            self._moved_at = min(now, self._moved_at + unwatched)
        self._watched_at = now
        pulse = self._pulse()
        moves = pulse.idle or pulse.steps != self._steps
        self._steps = pulse.steps
        if moves:
            self._moved_at = now
        return moves

    def _renew(self) -> None:
        held = self._holdings.held()
        if not held:
            return
        renewal = self._store.renew(self._worker, held, self._lease_ms)
        for item in renewal.lost:
            self._lose(item)
        for item in renewal.canceled:
            self._end(Key(item.job_id, item.attempt), Ending.CANCELED)

    def _lose(self, held: Held) -> None:
        """Its lease is gone. (Or its end was stored between the look and the renewal: then it is no
        longer held, and nothing happens.)"""
        key = Key(held.job_id, held.attempt)
        if self._holdings.get(key) is None:
            return
        self._holdings.abandon(key, Abandoned.LOST)
        self._end(key, Ending.ABANDONED)

    def _announce(self, now: float) -> None:
        card = self._card()
        if card != self._announced or now - self._announced_at >= self._announce_s:
            self._store.announce(card)
            self._announced, self._announced_at = card, now
