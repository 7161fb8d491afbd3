"""EventLog on Redis Streams: one stream a job, and ids that fence by themselves.

An entry's id is ``<attempt>-<seq>``. Redis refuses an id that is not larger than the stream's last
one, so the late events of a superseded attempt, and those that are sent twice, fall away there, with
no script and no look-up. An erased job's stream is left empty with the largest possible last id:
nothing can follow it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from redis.exceptions import ResponseError

from pressroom.adapters.redis import keys
from pressroom.adapters.redis.connection import connect, unavailable
from pressroom.contract.events import End
from pressroom.jobs.ports import Numbered, StreamEvent

_MAX_EVENTS = 10_000
_LAST_ID = f"{2**64 - 1}-{2**64 - 1}"
_FIELD = b"e"
_BATCH = 1_000
# A stream's life is renewed when a tenth of it is over, and not with each event: that would be half of all commands.
_RENEWED_A_LIFE = 10
_MOST_KNOWN = 10_000
# What Redis and Valkey answer to an id that is too small, or behind the last possible one.
_REFUSALS = ("equal or smaller than the target stream top item", "exhausted the last possible ID")

_EVENT: TypeAdapter[StreamEvent] = TypeAdapter(Annotated[StreamEvent, Field(discriminator="type")])


class RedisEventLog:
    """Implements ``EventLog``. Safe for many threads; a waiting read holds a connection of its own."""

    def __init__(
        self,
        url: str,
        *,
        ttl_s: int,
        timeout_s: float = 2.0,
        max_events: int = _MAX_EVENTS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Nothing is sent yet. ``timeout_s`` bounds every call, a waiting read included."""
        self._url = url
        self._ttl_s = ttl_s
        self._longest_wait_s = timeout_s * 0.75
        self._max_events = max_events
        self._clock = clock
        self._renewed: dict[str, float] = {}  # when a job's stream was given a new life
        self._client: Any = connect(url, timeout_s=timeout_s)

    def append(self, events: Sequence[Numbered]) -> None:
        """One pipeline, one round trip. Raises RedisUnavailable."""
        if not events:
            return
        with unavailable(self._url):
            pipe = self._client.pipeline(transaction=False)
            for event in events:
                key, entry_id = keys.events(event.job_id), f"{event.attempt}-{event.seq}"
                body = _EVENT.dump_json(event.event)
                pipe.execute_command("XADD", key, "MAXLEN", "~", self._max_events, entry_id, _FIELD, body)
            for job_id, life_s in self._lives(events).items():
                pipe.execute_command("EXPIRE", keys.events(job_id), life_s)
            try:
                for answer in pipe.execute(raise_on_error=False):
                    if isinstance(answer, Exception) and not _refused(answer):
                        raise answer
            except Exception:
                self._renewed.clear()  # nobody knows what has arrived, or what a server still has
                raise

    def _lives(self, events: Sequence[Numbered]) -> dict[str, int]:
        """Seconds for the streams whose life is to be renewed: at an attempt's first and last event, and in time."""
        now, due = self._clock(), dict[str, int]()
        if len(self._renewed) > _MOST_KNOWN:
            self._renewed.clear()
        for event in events:
            job_id, last = event.job_id, isinstance(event.event, End)
            age = now - self._renewed.get(job_id, -math.inf)
            if event.seq == 1 or last or age > self._ttl_s / _RENEWED_A_LIFE or job_id in due:
                due[job_id] = event.keep_s or self._ttl_s
            if last:
                self._renewed.pop(job_id, None)
            elif job_id in due:
                self._renewed[job_id] = now
        return due

    def read(self, after: Mapping[str, tuple[int, int]], timeout_s: float) -> dict[str, list[Numbered]]:
        """One XREAD over all streams; waits for the first event of any, at most ``timeout_s`` and at
        most three quarters of the client's own timeout.

        With nothing to follow, or no time to wait, it returns at once. Raises RedisUnavailable."""
        if not after:
            return {}
        jobs = {keys.events(job_id).encode(): job_id for job_id in after}
        ids = [f"{attempt}-{seq}" for attempt, seq in after.values()]
        # The server reads 0 as "for ever", and lets any wait last for up to 100 ms.
        block_ms = int(min(timeout_s, self._longest_wait_s) * 1000)
        waits = ("BLOCK", max(1, block_ms)) if timeout_s > 0 else ()
        command = ("XREAD", "COUNT", _BATCH, *waits, "STREAMS", *jobs, *ids)
        with unavailable(self._url):
            answer = self._client.execute_command(*command) or ()
        return {jobs[name]: [_numbered(jobs[name], entry) for entry in entries] for name, entries in answer}

    def erase(self, *job_ids: str, noted: bool = True) -> None:
        """Remove the streams; if ``noted``, later events of any attempt are refused for a day. A server without memory to
        spare removes them all the same, and then refuses to note that. Raises RedisUnavailable."""
        if not job_ids:
            return
        found = [keys.events(job_id) for job_id in job_ids]
        with unavailable(self._url):
            self._client.delete(*found)
            if not noted:
                return
            pipe = self._client.pipeline(transaction=True)
            for key in found:
                # Again: an event may have come between.
                pipe.execute_command("DEL", key)
                pipe.execute_command("XADD", key, "MAXLEN", "=", 0, _LAST_ID, _FIELD, b"")
                pipe.execute_command("EXPIRE", key, keys.TOMBSTONE_TTL_S)
            pipe.execute()

    def close(self) -> None:
        self._client.close()


def _refused(answer: Exception) -> bool:
    return isinstance(answer, ResponseError) and any(words in str(answer) for words in _REFUSALS)


def _numbered(job_id: str, entry: tuple[bytes, dict[bytes, bytes]]) -> Numbered:
    entry_id, fields = entry
    attempt, _, seq = entry_id.decode().partition("-")
    return Numbered(job_id, int(attempt), int(seq), _EVENT.validate_json(fields[_FIELD]))
