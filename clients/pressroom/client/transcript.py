"""The text that a stream of events tells of: deltas put at their offsets, thrown away on a reset."""

from pressroom.client.errors import ApiProblem, TextChanged
from pressroom.contract.events import Delta, End, Event, Gone, Reset
from pressroom.contract.problem import Problem


class Skipped(Exception):
    """A delta begins behind the end of what is known: events are missing in between."""


class Transcript:
    """The outputs of a text job as far as they are known. ``texts`` maps the output's number to its text."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}

    def apply(self, event: Event) -> str:
        """Take in an event; returns the characters that it added (none when it repeats known ones).

        Raises Skipped."""
        if isinstance(event, Reset):
            self.texts.clear()
        if not isinstance(event, Delta):
            return ""
        known = self.texts.get(event.n, "")
        if event.offset > len(known):
            raise Skipped
        fresh = event.text[len(known) - event.offset :]
        self.texts[event.n] = known + fresh
        return fresh


class Reader:
    """Hands out the text of output ``n`` piece by piece, each character once, over resets too.

    A new attempt writes with the same seed and mostly repeats the first one's text; what was handed
    out is then not handed out again.
    """

    def __init__(self, n: int = 0) -> None:
        self.handed_out = ""
        self._n = n
        self._transcript = Transcript()

    def take(self, event: Event) -> str | None:
        """New characters, maybe none; None: the text differs from what was handed out. Raises Skipped."""
        self._transcript.apply(event)
        text = self._transcript.texts.get(self._n, "")
        if text.startswith(self.handed_out):
            fresh = text[len(self.handed_out) :]
            self.handed_out = text
            return fresh
        return "" if self.handed_out.startswith(text) else None

    def whole(self, job_id: str, event: Event) -> str:
        """New characters, maybe none. Raises TextChanged, Skipped."""
        fresh = self.take(event)
        if fresh is None:
            raise TextChanged(job_id)
        return fresh

    @property
    def behind(self) -> bool:
        """Whether the text known now is shorter than what was handed out."""
        return self._transcript.texts.get(self._n, "") != self.handed_out


def ended_well(job_id: str, reader: Reader, event: Event) -> bool:
    """False: the job has ended without its result. Raises TextChanged, and ApiProblem of a job that was erased."""
    match event:
        case End(status="succeeded") if reader.behind:
            raise TextChanged(job_id)
        case End(status=status):
            return status == "succeeded"
        case Gone():
            detail = f"Job {job_id} was erased while it was followed. Nothing is left to fetch."
            raise ApiProblem(Problem(code="job_erased", status=410, detail=detail), 410)
    return True
