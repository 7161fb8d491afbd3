"""What otherwise lies in Redis, in memory: event streams, finished jobs, tickets, nudges."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from pressroom.domain.job import Job
from pressroom.jobs.ports import Numbered


class MemoryEventLog:
    """The port ``EventLog``: an event is taken only if its (attempt, seq) is behind the last one's.

    As the real one it neither ends nor erases a follower: readers see nothing more, and nothing
    follows an erasure. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._events: dict[str, list[Numbered]] = defaultdict(list)
        self._erased: set[str] = set()

    def append(self, events: Sequence[Numbered]) -> None:
        with self._changed:
            for event in events:
                if event.job_id in self._erased:
                    continue
                log = self._events[event.job_id]
                if not log or _place(event) > _place(log[-1]):
                    log.append(event)
            self._changed.notify_all()

    def read(self, after: Mapping[str, tuple[int, int]], timeout_s: float) -> dict[str, list[Numbered]]:
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                found = {job_id: self._behind(job_id, place) for job_id, place in after.items()}
                found = {job_id: events for job_id, events in found.items() if events}
                left = deadline - time.monotonic()
                if found or left <= 0:
                    return found
                self._changed.wait(left)

    def erase(self, *job_ids: str, noted: bool = True) -> None:
        with self._changed:
            for job_id in job_ids:
                if noted:
                    self._erased.add(job_id)
                self._events.pop(job_id, None)

    def _behind(self, job_id: str, place: tuple[int, int]) -> list[Numbered]:
        return [event for event in self._events.get(job_id, ()) if _place(event) > place]


class MemoryResultCache:
    """The port ``ResultCache``. ``seconds`` is the clock by which results go. Thread-safe."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._jobs: dict[str, tuple[Job, float]] = {}
        self._tombstones: set[str] = set()

    def put(self, job: Job, ttl_s: int) -> None:
        with self._lock:
            if job.id not in self._tombstones:
                self._jobs[job.id] = (job, self._seconds() + ttl_s)

    def get(self, tenant: str, job_id: str) -> Job | None:
        with self._lock:
            job, until = self._jobs.get(job_id, (None, 0.0))
            return job if job is not None and job.tenant == tenant and self._seconds() < until else None

    def erase(self, *job_ids: str, noted: bool = True) -> None:
        with self._lock:
            for job_id in job_ids:
                if noted:
                    self._tombstones.add(job_id)
                self._jobs.pop(job_id, None)

    def ping(self) -> None:
        pass


class MemoryTickets:
    """The port ``Tickets``: counts what was sent; ``take`` is the worker's end of it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: Counter[str] = Counter()

    def send(self, pool: str, count: int = 1) -> None:
        with self._lock:
            self._pending[pool] += count

    def pending(self, pool: str) -> int:
        with self._lock:
            return self._pending[pool]

    def take(self, pool: str) -> bool:
        """Use up one ticket. False: there is none."""
        with self._lock:
            if not self._pending[pool]:
                return False
            self._pending[pool] -= 1
            return True


class MemoryNudges:
    """The port ``Nudges``; ``listener`` makes a ``NudgeListener`` of the same channel. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: list[Callable[[frozenset[str]], None]] = []

    def send(self, job_ids: Sequence[str]) -> None:
        with self._lock:
            listening = list(self._heard)
        for heard in listening:
            heard(frozenset(job_ids))

    def listener(self, heard: Callable[[frozenset[str]], None]) -> "MemoryNudgeListener":
        return MemoryNudgeListener(self, heard)


class MemoryNudgeListener:
    """The port ``NudgeListener``: ``heard`` is called in the sender's thread."""

    def __init__(self, channel: MemoryNudges, heard: Callable[[frozenset[str]], None]) -> None:
        self._channel = channel
        self._heard = heard

    def start(self) -> None:
        with self._channel._lock:
            self._channel._heard.append(self._heard)
        self._heard(frozenset())

    def stop(self) -> None:
        with self._channel._lock:
            self._channel._heard.remove(self._heard)


def _place(event: Numbered) -> tuple[int, int]:
    return event.attempt, event.seq
