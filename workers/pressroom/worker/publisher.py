"""Publisher: numbers a job's events where they are made, and sends them from a thread of its own.

A sequence number and a text offset are given before an event enters the bounded queue. An event that
finds the queue full is dropped, but its number is used up: readers see the hole, and take the text
from the database at the end. While Redis is away the events wait, and are sent again as they are:
Redis refuses what it has already.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pressroom.contract import events
from pressroom.domain.errors import RedisUnavailable
from pressroom.domain.job import Held
from pressroom.engines import base
from pressroom.jobs.ports import EventLog, Numbered
from pressroom.telemetry import get_logger

_MOST_WAITING = 20_000
_MOST_A_ROUND = 1_000
_FIRST_PAUSE_S = 0.1
_LAST_PAUSE_S = 2.0


@dataclass(slots=True)
class _Numbering:
    seq: int = 0
    offsets: dict[int, int] = field(default_factory=dict)


class Publisher:
    """Thread-safe; no method but ``stop`` blocks. ``on_drop`` counts dropped events."""

    def __init__(
        self,
        log: EventLog,
        *,
        most_waiting: int = _MOST_WAITING,
        first_pause_s: float = _FIRST_PAUSE_S,
        on_drop: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._log = log
        self._most_waiting = most_waiting
        self._first_pause_s = first_pause_s
        self._on_drop = on_drop
        self._numbers: dict[Held, _Numbering] = {}
        self._waiting: deque[Numbered] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def started(self, held: Held) -> None:
        """The first event of an attempt."""
        with self._changed:
            self._numbers[held] = _Numbering()
            self._put(held, events.Started(attempt=held.attempt), bounded=False)
            self._changed.notify()

    def deltas(self, deltas: Sequence[base.Delta]) -> None:
        """All that one step of the engine told."""
        with self._changed:
            for delta in deltas:
                held = Held(delta.key.job_id, delta.key.attempt)
                numbering = self._numbers.get(held)
                if numbering is None:
                    continue
                offset = numbering.offsets.get(delta.index, 0)
                numbering.offsets[delta.index] = offset + len(delta.text)
                event = events.Delta(n=delta.index, offset=offset, text=delta.text)
                self._put(held, event, bounded=True)
            self._changed.notify()

    def ended(self, held: Held, end: events.End, keep_s: int | None = None) -> None:
        """The last event of a job, whose stream is kept for ``keep_s`` seconds then. Like the first it may go
        over the bound, since there is one a job."""
        with self._changed:
            if held in self._numbers:
                self._put(held, end, bounded=False, keep_s=keep_s)
                self._changed.notify()

    def forget(self, held: Held) -> None:
        """The attempt is over: later events of it are not taken."""
        with self._changed:
            self._numbers.pop(held, None)

    def stop(self, timeout_s: float) -> None:
        """Send what waits, as far as the time allows, and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._hurry.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _put(
        self,
        held: Held,
        event: events.Started | events.Delta | events.End,
        *,
        bounded: bool,
        keep_s: int | None = None,
    ) -> None:
        numbering = self._numbers[held]
        numbering.seq += 1
        # Without Redis whole jobs come and go here: even their first and last events have a bound.
        most = self._most_waiting if bounded else 2 * self._most_waiting
        if len(self._waiting) >= most:
            self._on_drop(1)
            return
        self._waiting.append(Numbered(held.job_id, held.attempt, numbering.seq, event, keep_s))

    def _next(self) -> list[Numbered]:
        """What waits, at most one round's worth; empty when the publisher stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_A_ROUND))]

    def _run(self) -> None:
        while batch := self._next():
            if not self._send(batch):
                return

    def _send(self, batch: list[Numbered]) -> bool:
        """Until it is sent. False: the publisher stops and Redis is still away."""
        pause, away = self._first_pause_s, False
        while True:
            try:
                self._log.append(batch)
            except RedisUnavailable as error:
                if not away:
                    get_logger(__name__).warning("events_wait", reason=error.message)
                away = True
                if self._hurry.wait(pause):
                    return False
                pause = min(2 * pause, _LAST_PAUSE_S)
                continue
            except Exception:
                # An event that cannot be sent must not hold up those behind it.
                get_logger(__name__).exception("events_dropped", events=len(batch))
                self._on_drop(len(batch))
                return True
            if away:
                get_logger(__name__).info("events_go_on")
            return True
