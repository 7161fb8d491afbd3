"""What one client is told of a job: a state machine without I/O, so that every cut can be tested.

A client holds text; each event it is sent keeps that text true. Ids are ``<attempt>-<seq>``:

    1-1 started    1-2 delta    1-3 delta    …    1-9 … then 1-end, which is final
    2-0 reset      the attempt grew, or a gap is filled: what follows starts over
    2-t0 delta     output 0, whole, from the database, which tells of ended jobs only

So a client that comes back with ``<attempt>-0`` holds no text, with ``<attempt>-t<n>`` the stored
texts up to output n, and with ``<attempt>-end`` everything: each event that arrived is progress,
however often a client is cut.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from pressroom.contract.events import Delta, End, Event, Gone, Reset
from pressroom.domain.errors import InputInvalid
from pressroom.domain.job import Job
from pressroom.jobs.ports import Followed, Numbered, Standing

Place = tuple[int, int]
"""(attempt, seq) of the last event that a client has; (0, 0) is none. ``t<n>`` counts as a seq behind
those of all live events."""

START: Place = (0, 0)

_STORED = 10**9
_FORM = re.compile(r"(\d{1,9})-(?:(\d{1,9})|t(\d{1,3})|(end))", re.ASCII)


def parse_place(last_id: str | None) -> Place | None:
    """Where a client resumes; None: it has had the end. Raises InputInvalid."""
    if not last_id:
        return START
    form = _FORM.fullmatch(last_id)
    if form is None:
        raise not_of_this_stream()
    attempt, seq, stored, end = form.groups()
    if end:
        return None
    return int(attempt), _STORED + int(stored) if stored else int(seq)


def is_stored(place: Place) -> bool:
    """Whether the last event came from the database, which happens to ended jobs only."""
    return place[1] >= _STORED


def not_of_this_stream() -> InputInvalid:
    """What to say to a made-up id."""
    return InputInvalid(
        "The last event id is not one of this stream; leave it out to start over.",
        field="header.Last-Event-ID",
    )


class Story:
    """Tells one client of one job, from ``place`` on.

    ``over``: the end was told. ``lost``: events of this attempt are missing and the job's end has
    been heard of, so that only the database can tell the rest."""

    def __init__(self, place: Place) -> None:
        self.attempt, self.seq = place
        self.over = False
        self.lost = False
        self._whole = True
        # The client may hold text: of an earlier connection, or told on this one.
        self._told = self.seq > 0
        self._place = place

    def hear(self, numbered: Numbered) -> Iterator[Followed]:
        """An event from the log, in the log's order."""
        if self.over or (numbered.attempt, numbered.seq) <= (self.attempt, self.seq):
            return
        if numbered.attempt > self.attempt:
            yield from self._turn(numbered.attempt)
        self._whole = self._whole and numbered.seq == self.seq + 1
        self.seq = numbered.seq
        is_end = isinstance(numbered.event, End)
        if not self._whole:
            self.lost = self.lost or is_end
            return
        self._told = True
        if is_end:
            self.over = True
            yield _followed(f"{self.attempt}-end", numbered.event)
        else:
            yield _followed(f"{self.attempt}-{self.seq}", numbered.event)

    def stands(self, standing: Standing) -> Iterator[Followed]:
        """What the database says of a job that has not ended: a newer attempt makes the text void."""
        if standing.attempt > self.attempt:
            yield from self._turn(standing.attempt)

    def completed_by(self, rest: Iterable[Numbered]) -> bool:
        """Whether these events, told next, bring the story to its end without a hole."""
        whole, attempt, seq = self._whole, self.attempt, self.seq
        for numbered in rest:
            if (numbered.attempt, numbered.seq) <= (attempt, seq):
                continue
            if numbered.attempt > attempt:
                whole, attempt, seq = True, numbered.attempt, 0
            whole = whole and numbered.seq == seq + 1
            seq = numbered.seq
            if isinstance(numbered.event, End):
                return whole
        return False

    def close(self, job: Job) -> Iterator[Followed]:
        """What the client lacks of an ended job, from the database."""
        if self.over:
            return
        attempt, seq = self._place
        has = seq - _STORED + 1 if attempt == job.attempt and is_stored(self._place) else 0
        self.attempt, self.seq, self.over = job.attempt, 0, True
        if self._told and not has:
            yield self._reset("gap")
        for n, output in list(enumerate(job.outputs))[has:]:
            if output.text:
                yield _followed(f"{job.attempt}-t{n}", Delta(n=output.n, offset=0, text=output.text))
        yield _followed(f"{job.attempt}-end", End(status=job.state.value, finish_reason=job.finish_reason))

    def gone(self) -> Iterator[Followed]:
        """The job was erased."""
        if not self.over:
            self.over = True
            yield _followed(f"{self.attempt}-end", Gone())

    def _turn(self, attempt: int) -> Iterator[Followed]:
        self.attempt, self.seq, self._whole = attempt, 0, True
        # Whoever comes back is told in any case: a client that asks for an attempt again holds text.
        if self._told or self._place != START:
            yield self._reset("new_attempt")

    def _reset(self, reason: Literal["new_attempt", "gap"]) -> Followed:
        """An event of our own, after which the client holds no text."""
        self._told = False
        return _followed(f"{self.attempt}-0", Reset(attempt=self.attempt, reason=reason))


def _followed(event_id: str, event: Event) -> Followed:
    return Followed(event_id, event.type, event.model_dump(mode="json"))
