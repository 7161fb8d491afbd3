"""Where a reader of a job's event stream stands, so that it can go on after a cut.

Pure: server-sent events in, typed events out.
"""

from pressroom.client.answers import parse_event
from pressroom.client.errors import StreamBroken
from pressroom.client.sse import ServerSentEvent
from pressroom.client.transcript import Skipped
from pressroom.contract.events import Delta, End, EventEnvelope, Gone, Reset


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
