"""The image engine: each step draws one micro-batch, a place a turn from every waiting request.

    admit ─> Studio.plan ─> turn (a ring of works) ──step: up to max_batch rows──> Studio.draw ─> Outcome

Requests of different jobs, tenants, labels, guidance and operations share a batch, and one that wants 64
pictures gets one place a round, so it delays a single-picture request by one batch at most.

Gathering: one batch takes a millisecond or two, so requests that come one after the other would each
ride alone. A step that finds the batch not full waits for company: it returns an empty ``Step`` at
once though ``load`` is not 0. A lone request waits ``gather_ms``. Requests in a crowd (two wait now, or
two shared the last batch) wait until no other has come for 2.5 times as long, and 10 times as long at
most: a busy queue hands them out a few at a time, tens of milliseconds apart. A loop that sees an empty
step should wait a moment for arrivals (about 1 ms) and step again; ``gather_ms=0`` turns it all off.

When memory runs out the same pictures are drawn again in half as many at a time; nobody is given back.
A picture that does not fit alone fails its request.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from pressroom.engines.base import (
    Ending,
    EngineError,
    EngineInfo,
    EngineOutOfMemory,
    Generation,
    GenerationFailed,
    ImageGeneration,
    ImageOutput,
    Key,
    NotOffered,
    Outcome,
    Step,
    Usage,
)
from pressroom.engines.image.studio import Plan, Studio
from pressroom.engines.memory import Breadth, is_out_of_memory

Clock = Callable[[], float]

GATHER_MS = 20.0
# How long a crowd waits for the next to come, how long in all, and for how long one that was seen is
# remembered: each in times of what a lone request waits.
_CROWD_QUIET, _CROWD_MOST, _CROWD_SEEN = 2.5, 10, 10


@dataclass(slots=True, eq=False)
class _Work:
    """A generation inside the engine: which place comes next, and what is done. ``once_more``: places that take another turn."""

    generation: ImageGeneration
    plan: Plan[Any]
    since: float
    next_place: int = 0
    once_more: deque[int] = field(default_factory=deque)
    images: list[ImageOutput] = field(default_factory=list)
    engine_seconds: float = 0.0
    first_output: float | None = None

    @property
    def key(self) -> Key:
        return self.generation.key

    @property
    def wanted(self) -> int:
        """Places that wait to be drawn, as far as is known."""
        return self.plan.places - self.next_place + len(self.once_more)

    def take(self) -> int:
        """The place whose turn it is."""
        if self.once_more:
            return self.once_more.popleft()
        self.next_place += 1
        return self.next_place - 1

    def put_back(self, place: int) -> None:
        """As if it had not been taken."""
        if place == self.next_place - 1 and not self.once_more:
            self.next_place = place
        else:
            self.once_more.appendleft(place)

    def outcome(self, ending: Ending, error: EngineError | None = None) -> Outcome:
        return Outcome(
            key=self.key,
            ending=ending,
            images=tuple(self.images),
            usage=Usage(engine_seconds=self.engine_seconds),
            first_output=self.first_output,
            error=error,
        )


class ImageEngine:
    """Implements ``Engine`` over a studio. ``batches`` and ``rows`` count what was drawn."""

    def __init__(
        self,
        studio: Studio[Any],
        info: EngineInfo,
        *,
        gather_ms: float = GATHER_MS,
        clock: Clock = time.monotonic,
    ) -> None:
        self._studio = studio
        self._info = info
        self._gather = gather_ms / 1000
        self._clock = clock
        self._breadth = Breadth(studio.largest, clock=clock)
        self._last_arrival = clock()
        self._crowd_at = -math.inf  # when works last shared a batch
        self._works: dict[Key, _Work] = {}
        self._turn: deque[_Work] = deque()  # works that have places to be drawn, the next one first
        self._ended: list[Outcome] = []  # told in the next step
        self.batches = 0
        self.rows = 0

    @property
    def info(self) -> EngineInfo:
        return self._info

    @property
    def slots_now(self) -> int:
        return self._breadth.now

    @property
    def load(self) -> int:
        """Generations waiting or running, and those whose outcome is still to be told."""
        return len(self._works) + len(self._ended)

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Sizes that batches are padded to: the largest alone until ``warm_up``."""
        return self._studio.sizes

    def admit(self, generation: Generation) -> None:
        """Take a generation. One that this model cannot draw ends FAILED in the next step.

        :raises ValueError: the key is inside already, which is the caller's mistake.
        """
        if generation.key in self._works:
            raise ValueError(f"{generation.key} is in the engine already")
        try:
            plan = self._planned(generation)
        except EngineError as problem:
            self._ended.append(Outcome(key=generation.key, ending=Ending.FAILED, error=problem))
            return
        assert isinstance(generation, ImageGeneration)
        self._last_arrival = self._clock()
        work = _Work(generation, plan, since=self._last_arrival)
        self._works[work.key] = work
        self._turn.append(work)

    def step(self) -> Step:
        """Draw one micro-batch, end what is done, canceled or late. See the head for gathering."""
        self._end_late()
        if self._turn and not self._gathering():
            self._draw(self._take())
        outcomes, self._ended = tuple(self._ended), []
        return Step(outcomes=outcomes)

    def end(self, key: Key, ending: Ending) -> None:
        """Make a generation leave; what it has drawn until now is in its outcome."""
        work = self._works.get(key)
        if work is not None:
            self._leave(work, ending)

    def warm_up(self) -> None:
        """Run the model, and find the batch sizes that may be used (see ``Decoder``)."""
        self._studio.verify()

    def close(self) -> None:
        """Nothing to give back but memory, which goes with the object."""

    def _planned(self, generation: Generation) -> Plan[Any]:
        """Raises EngineError, whatever goes wrong with the request."""
        if not isinstance(generation, ImageGeneration):
            raise NotOffered(f"{self._info.model} makes pictures, not text: send this job to a text model.")
        try:
            return self._studio.plan(generation)
        except EngineError:
            raise
        except Exception as error:  # onnxruntime's classes have no public base
            if is_out_of_memory(error):
                raise EngineOutOfMemory from error
            raise GenerationFailed(f"the model failed on what it was given: {error}. Try again.") from error

    def _end_late(self) -> None:
        now = self._clock()
        late = [
            work
            for work in self._works.values()
            if work.generation.deadline is not None and work.generation.deadline <= now
        ]
        for work in late:
            self._leave(work, Ending.DEADLINE)

    def _leave(self, work: _Work, ending: Ending, error: EngineError | None = None) -> None:
        del self._works[work.key]
        if work in self._turn:
            self._turn.remove(work)
        self._ended.append(work.outcome(ending, error))

    def _gathering(self) -> bool:
        """Is it worth waiting for more requests before a batch is drawn?"""
        if sum(work.wanted for work in self._turn) >= self._breadth.now:
            return False
        now, oldest = self._clock(), min(work.since for work in self._turn)
        crowd = len(self._turn) > 1 or now - self._crowd_at < _CROWD_SEEN * self._gather
        if not crowd:
            return now - oldest < self._gather
        quiet, most = _CROWD_QUIET * self._gather, _CROWD_MOST * self._gather
        return now - self._last_arrival < quiet and now - oldest < most

    def _take(self) -> list[tuple[_Work, int]]:
        """The next places to draw: one of each work in turn, round and round, until the batch is full."""
        taken: list[tuple[_Work, int]] = []
        while self._turn and len(taken) < self._breadth.now:
            work = self._turn.popleft()
            taken.append((work, work.take()))
            if work.wanted:
                self._turn.append(work)
        return taken

    def _draw(self, taken: list[tuple[_Work, int]]) -> None:
        """Run the model on one micro-batch and hand the pixels to their works."""
        start = self._clock()
        found = [(work, place, row) for work, place in taken if (row := self._row(work, place)) is not None]
        # A work may have gone by a later place than the one that it has here.
        rows = [each for each in found if each[0].key in self._works]
        if not rows:
            return
        works = list(dict.fromkeys(work for work, _, _ in rows))
        try:
            drawn = self._studio.draw([row for _, _, row in rows])
        except (
            Exception
        ) as error:  # onnxruntime's classes have no public base; the batch's works fail, not the engine
            if is_out_of_memory(error):
                self._cannot_draw([(work, place) for work, place, _ in rows])
                return
            for work in works:
                failure = GenerationFailed(f"the model failed on a batch of {len(rows)}: {error}. Try again.")
                self._leave(work, Ending.FAILED, failure)
            return
        self._breadth.went_well()
        now = self._clock()
        if len(works) > 1:
            self._crowd_at = now
        self.batches += 1
        self.rows += len(rows)
        for work in works:
            work.engine_seconds += (now - start) / len(works)
        for (work, place, _), pixels in zip(rows, drawn, strict=True):
            self._hand_over(work, place, pixels, now)
        for work in works:
            if work.key not in self._works:
                continue
            if not work.wanted:
                self._leave(work, Ending.DONE)
            elif work not in self._turn:
                self._turn.append(work)

    def _row(self, work: _Work, place: int) -> Any:
        """What the model is given, or None where that is the end of the work: another one's trouble is not its batch-mates'."""
        if work.key not in self._works:
            return None
        try:
            return work.plan.row(place)
        except Exception as error:  # what an encoder raises
            self._fails(work, error)
            return None

    def _hand_over(self, work: _Work, place: int, pixels: NDArray[Any], now: float) -> None:
        if work.key not in self._works:
            return
        try:
            drawn = work.plan.drawn(place, pixels)
        except Exception as error:
            self._fails(work, error)
            return
        if drawn.images:
            work.images += drawn.images
            work.first_output = work.first_output or now
        if drawn.again:
            work.once_more.append(place)

    def _fails(self, work: _Work, error: Exception) -> None:
        if is_out_of_memory(error):
            self._leave(work, Ending.FAILED, EngineOutOfMemory())
            return
        self._leave(
            work, Ending.FAILED, GenerationFailed(f"the model failed on this picture: {error}. Try again.")
        )

    def _cannot_draw(self, taken: list[tuple[_Work, int]]) -> None:
        """The places go back to where they stood, and come again in smaller batches."""
        if len(taken) == 1:
            self._leave(taken[0][0], Ending.FAILED, EngineOutOfMemory())
            return
        self._breadth.narrow(len(taken))
        for work, place in reversed(taken):
            if work in self._turn:
                self._turn.remove(work)
            work.put_back(place)
            self._turn.appendleft(work)
