"""Who gets the next seat, and how much of a prompt is filled in one step.

    waiting prompts ─┐
    more outputs ────┼─ first in line ─> a seat: a slot in the batch
    parked outputs ──┘

First in line is whose scope (a tenant) holds the fewest seats; in a scope the higher priority, then who came
first. Where no seat is free, one is taken back if its holder's scope has at least two more than the one in line,
or is the same and the holder of lower priority: the output is parked, with its keys and values, and goes on later
as if nothing had been. Nobody takes a seat from whom they would have to give it back to.

Memory is promised before it is used: a seat is given only if all that hold one fit, each at its longest. Who
does not fit waits, and nobody passes it; alone, everyone fits.

A prompt is filled in chunks whose borders depend on the prompt alone
(``cuts``), never on what else is going on: the same prompt then goes through the same kernels
with the same shapes, and its logits are the same to the last bit, alone or in a crowd. A step fills at
most ``CHUNK`` tokens in all, so that running streams keep moving.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass

from pressroom.engines.base import Key
from pressroom.engines.text.prefixes import cuts
from pressroom.engines.text.running import RunningGeneration, RunningOutput
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


@dataclass(frozen=True, slots=True)
class Prompt:
    """In line: a prompt that waits to be filled."""

    generation: RunningGeneration


@dataclass(frozen=True, slots=True)
class Sibling:
    """In line: one more output of a generation of which ``beside`` is running."""

    generation: RunningGeneration
    beside: RunningOutput


@dataclass(frozen=True, slots=True)
class Parked:
    """In line: an output whose seat was taken back."""

    generation: RunningGeneration
    output: RunningOutput


InLine = Prompt | Sibling | Parked


class Scheduler:
    """The line inside the engine."""

    def __init__(
        self,
        slots: Slots,
        chunk: int = CHUNK,
        *,
        ends: Set[int] = frozenset(),
        begin: Callable[[RunningGeneration], None] = lambda generation: None,
        most_tokens: int | None = None,
    ) -> None:
        """``ends`` are tokens that end a message. ``begin`` is called once a prompt has its slot, and may
        fill in what is known of it. ``most_tokens`` have keys and values at once, None if every slot may be
        full."""
        self._slots = slots
        self.chunk = chunk
        self._ends = ends
        self._begin = begin
        self._most_tokens = most_tokens
        self._waiting: list[RunningGeneration] = []
        self._parked: list[RunningOutput] = []
        self._arrivals = itertools.count()
        self._budget = 0

    def __len__(self) -> int:
        """Generations that wait for their first slot."""
        return len(self._waiting)

    # -- the line --------------------------------------------------------------------------------

    def add(self, generation: RunningGeneration) -> None:
        generation.arrival = next(self._arrivals)
        self._waiting.append(generation)

    def put_back(self, generation: RunningGeneration) -> None:
        """Its prompt could not be filled: it is in line again, from the start, as early as before."""
        generation.filled = 0
        self._waiting.append(generation)

    def park(self, output: RunningOutput) -> None:
        self._parked.append(output)

    def remove(self, key: Key) -> None:
        """Neither its prompt nor a parked output of it is in line any more."""
        self._waiting = [waiting for waiting in self._waiting if waiting.request.key != key]
        self._parked = [output for output in self._parked if output.owner.request.key != key]

    def first(self) -> InLine | None:
        """Who is to be seated next; None if nobody is in line, or there is no memory for who is first. It stays
        in line until it is ``start``ed or ``resume``d, or has its output."""
        held = self._held()

        def place(one: InLine) -> tuple[int, int, int]:
            return (
                held[one.generation.request.scope],
                -one.generation.request.priority,
                one.generation.arrival,
            )

        one = min(self._in_line(), key=place, default=None)
        return one if one is not None and self._fits(one) else None

    def whose_seat(self, one: InLine) -> RunningOutput | None:
        """The output that has to be parked for ``one``; None if it is to wait for a free seat."""
        held = self._held()
        scope, priority = one.generation.request.scope, one.generation.request.priority
        running = list(self._slots)
        most = max(
            (output.owner.request.scope for output in running), key=lambda other: held[other], default=scope
        )
        if held[most] >= held[scope] + 2:
            giving = [output for output in running if output.owner.request.scope == most]
        else:
            giving = [
                output
                for output in running
                if output.owner.request.scope == scope and output.owner.request.priority < priority
            ]
        # The least important; of several, who came last and has said the least.
        return min(
            giving,
            key=lambda output: (output.owner.request.priority, -output.owner.arrival, output.tokens),
            default=None,
        )

    def start(self, generation: RunningGeneration) -> None:
        """Its prompt has the slot for filling now."""
        self._waiting.remove(generation)
        self._slots.start_filling(generation)
        generation.cuts = cuts(generation.prompt, self.chunk, self._ends)
        self._begin(generation)

    def resume(self, output: RunningOutput) -> None:
        """It is not parked any more."""
        self._parked.remove(output)

    # -- filling ---------------------------------------------------------------------------------

    def begin_step(self) -> None:
        self._budget = self.chunk

    def next_chunk(self) -> Chunk | None:
        """The next piece of the prompt that is being filled; None if none is, or it does not fit this step."""
        generation = self._slots.filling
        if generation is None:
            return None
        start = generation.filled
        end = next(cut for cut in generation.cuts if cut > start)
        if end - start > self._budget:
            return None
        self._budget -= end - start
        generation.filled = end
        return Chunk(generation, start, end)

    def _in_line(self) -> Iterator[InLine]:
        if self._slots.filling is None and self._budget > 0:
            for generation in self._waiting:
                yield Prompt(generation)
        for generation, beside in {output.owner: output for output in self._slots}.items():
            if generation.waiting_outputs:
                yield Sibling(generation, beside)
        for output in self._parked:
            yield Parked(output.owner, output)

    def _fits(self, one: InLine) -> bool:
        if self._most_tokens is None:
            return True
        holders = [output.owner for output in self._slots]
        if self._slots.filling is not None:
            holders.append(self._slots.filling)
        kept = [output for output in self._parked if not (isinstance(one, Parked) and output is one.output)]
        promised = sum(holder.longest for holder in holders) + sum(output.length for output in kept)
        return not holders or promised + one.generation.longest <= self._most_tokens

    def _held(self) -> Counter[str]:
        """Seats by scope."""
        held = Counter(output.owner.request.scope for output in self._slots)
        if self._slots.filling is not None:
            held[self._slots.filling.request.scope] += 1
        return held
