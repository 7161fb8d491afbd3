"""Where a reader of a job's event stream stands, so that it can go on after a cut.

Pure: server-sent events in, typed events out.
"""

from dataclasses import dataclass

from pressroom.client.answers import parse_event
from pressroom.client.errors import ServerUnreachable, StreamBroken, TimedOut
from pressroom.client.sse import Decoder, ServerSentEvent
from pressroom.client.transcript import Skipped
from pressroom.contract.events import Delta, End, EventEnvelope, Gone, Reset

# The server sends a comment every 15 s at the latest: a stream silent for three times as long is dead.
SILENCE_S = 45.0
# Nearer to the caller's patience than this a connection is as patient as the caller.
SLACK_S = 1.0


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the caller's patience ends; ``timeout_s`` None: never. ``what`` is waited for."""

    job_id: str
    timeout_s: float | None
    at: float
    what: str = "Job"

    def left(self, now: float) -> float:
        """Seconds left. Raises TimedOut."""
        if self.timeout_s is None:
            return float("inf")
        if now >= self.at:
            raise TimedOut(self.job_id, self.timeout_s, self.what)
        return self.at - now


class Position:
    """``last_id`` is what a new connection resumes from; ``ended``: nothing more will come;
    ``moved``: something new has come since it was last set to False."""

    def __init__(self, job_id: str, last_id: str | None = None) -> None:
        self.last_id = last_id
        self.ended = False
        self.moved = False
        self.job_id = job_id
        self._lengths: dict[int, int] = {}
        # A caller that resumes in the middle knows the lengths so far; we do not.
        self._whole = last_id is None
        self._skips = 0

    def take(self, sent: ServerSentEvent) -> EventEnvelope | None:
        """The typed event; None: one that this client does not know.

        Raises Skipped (open a new connection from ``last_id``), StreamBroken, BadAnswer."""
        envelope = parse_event(sent)
        if envelope is None:
            return None
        self._follow_text(envelope)
        self.moved = self.moved or envelope.id != self.last_id
        self.last_id = envelope.id
        self.ended = isinstance(envelope.event, End | Gone)
        return envelope

    def _follow_text(self, envelope: EventEnvelope) -> None:
        event = envelope.event
        if isinstance(event, Reset):
            self._forget()
        if not isinstance(event, Delta):
            return
        known = self._lengths.get(event.n, 0 if self._whole else event.offset)
        if event.offset <= known:
            self._lengths[event.n] = max(known, event.offset + len(event.text))
            return
        self._skips += 1
        if self._skips > 1:
            raise StreamBroken(
                f"The events of job {self.job_id} skip text even from the start. Fetch the job instead."
            )
        self._forget()
        # `<attempt>-0` stands before the first event of the attempt.
        self.last_id = f"{envelope.id.partition('-')[0]}-0"
        raise Skipped

    def _forget(self) -> None:
        self._lengths.clear()
        self._whole = True


def cut(position: Position, decoder: Decoder) -> ServerUnreachable:
    """A connection that ended before the job."""
    return ServerUnreachable(
        f"The event stream of job {position.job_id} is cut again and again. Look for a proxy that buffers "
        "or limits streams, or fetch the job instead.",
        retry_after_s=None if decoder.retry_ms is None else decoder.retry_ms / 1000,
    )
