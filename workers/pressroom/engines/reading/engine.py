"""The reading engine: each step runs one micro-batch of texts, some of every request in turn.

    admit ─> heard (ids) ─> turn (a ring of works) ──step: up to MOST_TOKENS──> Reader.read ─> Outcome

A step is short, since it may stand between two of a text model's: a request of a thousand texts takes as many steps as it
needs, and one that comes after it has its first turn with the next. Texts of a request go by length, so that few of a batch
are filled up. A text that the model cannot read whole fails its request unless that was allowed (``params.cut``).
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pressroom.engines.base import (
    Ending,
    EngineError,
    EngineInfo,
    EngineOutOfMemory,
    Generation,
    GenerationFailed,
    Key,
    NotOffered,
    Numbers,
    Outcome,
    PromptTooLong,
    ReadingGeneration,
    Step,
    Usage,
)
from pressroom.engines.memory import Breadth, is_out_of_memory
from pressroom.engines.reading.readers import Heard, Reader

Clock = Callable[[], float]

MOST_ROWS = 32
MOST_TOKENS = 512


@dataclass(slots=True, eq=False)
class _Work:
    """A generation inside the engine. ``waiting``: places of texts that are still to be read, the shortest last."""

    generation: ReadingGeneration
    heard: tuple[Heard, ...]
    waiting: list[int]
    numbers: Numbers
    engine_seconds: float = 0.0
    first_output: float | None = None

    @property
    def key(self) -> Key:
        return self.generation.key

    def outcome(self, ending: Ending, error: EngineError | None = None) -> Outcome:
        left = set(self.waiting)
        read = sum(each.tokens for n, each in enumerate(self.heard) if n not in left)
        return Outcome(
            key=self.key,
            ending=ending,
            numbers=self.numbers if ending is Ending.DONE else None,
            usage=Usage(tokens_in=read, engine_seconds=self.engine_seconds),
            first_output=self.first_output,
            error=error,
        )


class ReadingEngine:
    """Implements ``Engine`` over a reader that gives ``width`` numbers of a text. ``batches`` and ``rows`` count what was read."""

    def __init__(
        self, reader: Reader, info: EngineInfo, *, width: int, context: int, clock: Clock = time.monotonic
    ) -> None:
        self._reader = reader
        self._info = info
        self._width = width
        self._context = context
        self._clock = clock
        self._breadth = Breadth(MOST_ROWS, clock=clock)
        self._works: dict[Key, _Work] = {}
        self._turn: deque[_Work] = deque()
        self._ended: list[Outcome] = []  # told in the next step
        self.batches = 0
        self.rows = 0

    @property
    def info(self) -> EngineInfo:
        return self._info

    @property
    def slots_now(self) -> int:
        return self._info.slots

    @property
    def load(self) -> int:
        """Generations waiting or running, and those whose outcome is still to be told."""
        return len(self._works) + len(self._ended)

    def admit(self, generation: Generation) -> None:
        """Take a generation. One that this model cannot read ends FAILED in the next step.

        :raises ValueError: the key is inside already, which is the caller's mistake.
        """
        if generation.key in self._works:
            raise ValueError(f"{generation.key} is in the engine already")
        try:
            work = self._work(generation)
        except EngineError as problem:
            self._ended.append(Outcome(key=generation.key, ending=Ending.FAILED, error=problem))
            return
        self._works[work.key] = work
        self._turn.append(work)

    def step(self) -> Step:
        """Read one micro-batch; end what is done, canceled or late."""
        self._end_late()
        if self._turn:
            self._read(self._take())
        outcomes, self._ended = tuple(self._ended), []
        return Step(outcomes=outcomes)

    def end(self, key: Key, ending: Ending) -> None:
        """Make a generation leave; nothing of it is told."""
        work = self._works.get(key)
        if work is not None:
            self._leave(work, ending)

    def warm_up(self) -> None:
        """Run the model once."""
        self._reader.read([self._reader.heard("warm up").ids])

    def close(self) -> None:
        """Nothing to give back but memory, which goes with the object."""

    def _work(self, generation: Generation) -> _Work:
        """Raises EngineError, whatever goes wrong with the request."""
        if not isinstance(generation, ReadingGeneration):
            raise NotOffered(f"{self._info.model} reads texts: send this job to a model of another kind.")
        try:
            heard = tuple(self._reader.heard(text) for text in generation.texts)
        except Exception as error:  # what a tokenizer raises
            raise GenerationFailed(f"the model cannot read a text of this job: {error}.") from error
        for n, each in enumerate(heard):
            if each.cut and not generation.params.cut:
                raise PromptTooLong(
                    f"input.texts.{n} has more than the {self._context} tokens that {self._info.model} reads. Shorten "
                    "or divide it, or say with params.cut that its beginning does."
                )
        longest_first = sorted(range(len(heard)), key=lambda n: -len(heard[n].ids))
        return _Work(generation, heard, longest_first, np.zeros((len(heard), self._width), np.float32))

    def _end_late(self) -> None:
        now = self._clock()
        for work in list(self._works.values()):
            deadline = work.generation.deadline
            if deadline is not None and deadline <= now:
                self._leave(work, Ending.DEADLINE)

    def _leave(self, work: _Work, ending: Ending, error: EngineError | None = None) -> None:
        del self._works[work.key]
        if work in self._turn:
            self._turn.remove(work)
        self._ended.append(work.outcome(ending, error))

    def _take(self) -> list[tuple[_Work, int]]:
        """The next texts to read: of the work whose turn it is as many as there is room for, then of the next ones."""
        taken: list[tuple[_Work, int]] = []
        longest = 0
        for work in list(self._turn):
            while work.waiting:
                longer = max(longest, len(work.heard[work.waiting[-1]].ids))
                full = len(taken) >= self._breadth.now or longer * (len(taken) + 1) > MOST_TOKENS
                if taken and full:
                    break
                longest = longer
                taken.append((work, work.waiting.pop()))
            if work.waiting:
                break
        self._turn.rotate(-1)
        return taken

    def _read(self, taken: list[tuple[_Work, int]]) -> None:
        """Run the model on one micro-batch and hand the numbers to their works."""
        start = self._clock()
        works = list(dict.fromkeys(work for work, _ in taken))
        try:
            numbers = self._reader.read([work.heard[place].ids for work, place in taken])
        except (
            Exception
        ) as error:  # onnxruntime's classes have no public base; the batch's works fail, not the engine
            self._cannot_read(taken, works, error)
            return
        self._breadth.went_well()
        now = self._clock()
        self.batches += 1
        self.rows += len(taken)
        for work in works:
            work.engine_seconds += (now - start) / len(works)
            work.first_output = work.first_output or now
        for (work, place), row in zip(taken, numbers, strict=True):
            work.numbers[place] = row
        for work in works:
            if not work.waiting:
                self._leave(work, Ending.DONE)

    def _cannot_read(self, taken: list[tuple[_Work, int]], works: list[_Work], error: Exception) -> None:
        """Where memory did not do, the same texts come again, fewer at a time; one that does not fit alone fails."""
        if not is_out_of_memory(error):
            for work in works:
                failure = GenerationFailed(
                    f"the model failed on a batch of {len(taken)}: {error}. Try again."
                )
                self._leave(work, Ending.FAILED, failure)
            return
        if len(taken) == 1:
            self._leave(works[0], Ending.FAILED, EngineOutOfMemory())
            return
        self._breadth.narrow(len(taken))
        for work, place in reversed(taken):
            work.waiting.append(place)
