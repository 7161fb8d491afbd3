"""Who is prefilled next, and how much of it in one step.

First come, first served. A prompt is filled in chunks whose borders depend on the prompt alone
(``cuts``), never on what else is going on: the same prompt then goes through the same kernels
with the same shapes, and its logits are the same to the last bit, alone or in a crowd. A step fills at
most ``CHUNK`` tokens in all, so that running streams keep moving.
"""

from collections import deque
from collections.abc import Callable, Set
from dataclasses import dataclass

from pressroom.engines.base import Key
from pressroom.engines.text.prefixes import cuts
from pressroom.engines.text.running import RunningGeneration
from pressroom.engines.text.slots import Slots

CHUNK = 256


@dataclass(frozen=True, slots=True)
class Chunk:
    """Positions ``start..end`` of a prompt; ``last`` if it is whole after them."""

    generation: RunningGeneration
    start: int
    end: int

    @property
    def tokens(self) -> list[int]:
        return self.generation.prompt[self.start : self.end]

    @property
    def last(self) -> bool:
        return self.end == len(self.generation.prompt)


class Scheduler:
    """The queue inside the engine."""

    def __init__(
        self,
        slots: Slots,
        chunk: int = CHUNK,
        *,
        ends: Set[int] = frozenset(),
        begin: Callable[[RunningGeneration], None] = lambda generation: None,
    ) -> None:
        """``ends`` are tokens that end a message. ``begin`` is called once a prompt has its slot, and may
        fill in what is known of it."""
        self._slots = slots
        self.chunk = chunk
        self._ends = ends
        self._begin = begin
        self._waiting: deque[RunningGeneration] = deque()
        self._budget = 0

    def __len__(self) -> int:
        """Generations that wait for a slot."""
        return len(self._waiting)

    def add(self, generation: RunningGeneration) -> None:
        self._waiting.append(generation)

    def put_back(self, generation: RunningGeneration) -> None:
        """Its prompt could not be filled: it is the next to try, from the start."""
        generation.filled = 0
        self._waiting.appendleft(generation)

    def remove(self, key: Key) -> None:
        self._waiting = deque(waiting for waiting in self._waiting if waiting.request.key != key)

    def begin_step(self) -> None:
        self._budget = self.chunk

    def next_chunk(self) -> Chunk | None:
        """The next piece of prefill that still fits this step; None if none does or no slot is free."""
        generation = self._slots.filling
        if generation is None:
            if not self._waiting or self._slots.free < 1 or self._budget <= 0:
                return None
            generation = self._waiting.popleft()
            self._slots.start_filling(generation)
            generation.cuts = cuts(generation.prompt, self.chunk, self._ends)
            self._begin(generation)
        start = generation.filled
        end = next(cut for cut in generation.cuts if cut > start)
        if end - start > self._budget:
            return None
        self._budget -= end - start
        generation.filled = end
        return Chunk(generation, start, end)
