"""The text engine: one step prefills a little, decodes one token for every running output.

    admit ─> waiting ─(prefill, ≤ 256 tokens a step)─> running ─(one token a step)─> Outcome

A generation's ``n`` outputs share one prefill: the row is copied, or, when slots are short, taken
over by the next output when a sibling finishes. What an output says depends on its own request
alone, not on what runs beside it, nor on which slot it lies in, nor on whether it was parked meanwhile
for someone who comes first (see ``scheduler``).

When memory runs out the engine goes on with half of its slots. A prompt that was being filled waits
until fewer run. In a decode the oldest stay, and those for which no slot is left are given back; so the
oldest always gets on. What does not fit alone fails.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from pressroom.catalog.text_spec import TextSpec
from pressroom.engines.base import (
    Delta,
    Ending,
    EngineError,
    EngineInfo,
    EngineOutOfMemory,
    Generation,
    GenerationFailed,
    Key,
    Outcome,
    Step,
    TextGeneration,
    Usage,
)
from pressroom.engines.memory import Breadth, is_out_of_memory
from pressroom.engines.sessions import Session
from pressroom.engines.text.decoder import MOST_AHEAD
from pressroom.engines.text.detokenizer import TokenBytes
from pressroom.engines.text.drawing import Drawer
from pressroom.engines.text.drawing_plain import PlainDrawer
from pressroom.engines.text.guiding import Guides
from pressroom.engines.text.healing import Healer
from pressroom.engines.text.intake import Intake
from pressroom.engines.text.prefixes import PrefixCache, pieces
from pressroom.engines.text.prompt import PromptReader
from pressroom.engines.text.running import RunningGeneration, RunningOutput
from pressroom.engines.text.sampler import choose
from pressroom.engines.text.scheduler import CHUNK, Chunk, InLine, Parked, Prompt, Scheduler, Sibling
from pressroom.engines.text.slots import Slots
from pressroom.engines.text.state import open_state
from pressroom.engines.text.step_record import StepRecord


class TextEngine:
    """Implements ``Engine`` for text. Driven by one thread."""

    def __init__(
        self,
        info: EngineInfo,
        session: Session,
        spec: TextSpec,
        reader: PromptReader,
        spelling: TokenBytes,
        *,
        slot_tokens: int,
        chunk: int = CHUNK,
        most_tokens: int | None = None,
        prefix_bytes: int = 0,
        guides: Guides | None = None,
        drawer: Drawer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._info = info
        self._vocab = spec.vocab
        self._ends = frozenset(spec.end_ids)
        self._intake = Intake(reader, Healer(spelling, spec.vocab), guides, spec.vocab)
        self._spelling = spelling
        self._drawer = drawer or PlainDrawer()
        self._slot_tokens = slot_tokens
        self._clock = clock
        self._decoder = open_state(session, spec, info.slots, slot_tokens)
        self._slots = Slots(info.slots, self._decoder.copy, self._decoder.release)
        self._breadth = Breadth(info.slots, clock=clock)
        self._prefixes = PrefixCache(prefix_bytes if self._decoder.can_keep else 0)
        self._scheduler = Scheduler(
            self._slots, chunk, ends=self._ends, begin=self._begin_to_fill, most_tokens=most_tokens
        )
        self._inside: dict[Key, RunningGeneration] = {}
        self._refused: list[Outcome] = []
        self._endings: dict[Key, Ending] = {}
        self._step = StepRecord()

    @property
    def info(self) -> EngineInfo:
        return self._info

    @property
    def slots_now(self) -> int:
        return self._breadth.now

    @property
    def slot_tokens(self) -> int:
        """Most tokens of prompt and output together."""
        return self._slot_tokens

    @property
    def load(self) -> int:
        return len(self._inside) + len(self._refused)

    @property
    def running(self) -> int:
        """Outputs that get a token in each step now."""
        return len(self._slots)

    def admit(self, generation: Generation) -> None:
        try:
            running = self._intake.read(generation, self._slot_tokens)
        except EngineError as error:
            self._refused.append(Outcome(generation.key, Ending.FAILED, usage=Usage(), error=error))
            return
        self._inside[generation.key] = running
        self._scheduler.add(running)

    def end(self, key: Key, ending: Ending) -> None:
        if key in self._inside:
            self._endings.setdefault(key, ending)

    def step(self) -> Step:
        began = self._clock()
        self._step = StepRecord()
        self._end_from_outside(began)
        self._slots.limit = self._breadth.now
        self._fill()
        self._decode()
        return self._account(began)

    def warm_up(self) -> None:
        """One prefill of a whole chunk and one decode; nothing of it is seen later."""
        if self._inside:
            return
        self._intake.healer.prepare()
        tokens = [0] * max(1, min(self._scheduler.chunk, self._slot_tokens - 1))
        self._decoder.prefill(self._slots.filling_slot, tokens, 0)
        self._decoder.decode(np.zeros((1, 1), np.int64), np.ones(1, np.int32))

    def close(self) -> None:
        """Forget everything; outcomes of what was inside do not come any more."""
        self._inside.clear()
        self._refused.clear()
        self._endings.clear()
        self._prefixes.clear()
        self._drawer.close()
        self._decoder.close()

    # -- the parts of a step ---------------------------------------------------------------------

    def _end_from_outside(self, now: float) -> None:
        for key, generation in self._inside.items():
            deadline = generation.request.deadline
            if deadline is not None and now >= deadline:
                self._endings.setdefault(key, Ending.DEADLINE)
        for key, ending in self._endings.items():
            self._cut(self._inside[key], ending)
        self._endings.clear()

    def _seat(self) -> None:
        """Give seats to who is in line, until none is free nor to be taken back."""
        while (one := self._scheduler.first()) is not None:
            if self._slots.free < 1 and not self._make_room(one):
                return
            match one:
                case Prompt(generation):
                    self._scheduler.start(generation)
                case Sibling(generation, beside):
                    output = self._next_output(generation)
                    if generation.prompt_kept is None:
                        self._slots.place_beside(output, beside)
                    else:
                        self._decoder.write(self._slots.place_kept(output), 0, generation.prompt_kept)
                    self._begin(output)
                case Parked(_, output):
                    self._resume(output)

    def _make_room(self, one: InLine) -> bool:
        output = self._scheduler.whose_seat(one) if self._decoder.can_keep else None
        if output is None or self._slots.free < 0:
            return False
        output.kept = self._decoder.read(self._slots.slot_of(output), 0, output.length)
        self._slots.leave(output)
        self._scheduler.park(output)
        return True

    def _resume(self, output: RunningOutput) -> None:
        assert output.kept is not None
        self._scheduler.resume(output)
        self._decoder.write(self._slots.place_kept(output), 0, output.kept)
        output.kept = None

    def _fill(self) -> None:
        """Seat who is next, and compute what of a prompt fits this step; until nothing more does."""
        self._scheduler.begin_step()
        while True:
            self._seat()
            if (chunk := self._scheduler.next_chunk()) is None:
                return
            generation = chunk.generation
            self._step.members.add(generation)
            try:
                logits = self._decoder.prefill(self._slots.filling_slot, chunk.tokens, chunk.start)
            except Exception as error:
                self._unless_memory(error)
                self._cannot_fill(generation)
                return
            self._step.filled += chunk.end - chunk.start
            self._keep(generation, chunk)
            if not chunk.last:
                continue
            self._slots.stop_filling()
            generation.prompt_logits = logits.copy()
            if generation.waiting_outputs[1:] and not self._decoder.can_go_back:
                generation.prompt_kept = self._decoder.read(self._slots.filling_slot, 0, chunk.end)
            output = self._next_output(generation)  # the others of its outputs stand in line
            self._slots.place_filled(output)
            self._begin(output)

    def _begin_to_fill(self, generation: RunningGeneration) -> None:
        """Copy what is kept of the prompt's beginning; the last piece is computed always, for its logits."""
        generation.pieces = list(pieces(generation.prompt, generation.cuts, generation.request.scope))
        for piece, values in self._prefixes.beginning(generation.pieces):
            self._decoder.write(self._slots.filling_slot, piece.start, values)
            generation.filled = generation.reused = piece.end
        self._step.reused += generation.reused

    def _keep(self, generation: RunningGeneration, chunk: Chunk) -> None:
        for piece in generation.pieces:
            if piece.start == chunk.start and piece.end == chunk.end and self._prefixes.wants(piece):
                values = self._decoder.read(self._slots.filling_slot, piece.start, piece.end)
                self._prefixes.keep(piece, values)

    def _decode(self, *, guessing: bool = True) -> None:
        rows = list(self._slots)
        if not rows:
            return
        guesses = self._guesses(rows) if guessing else [[] for _ in rows]
        ahead = max(map(len, guesses))
        # Where a row has no guess zeros stand, whose logits nobody looks at.
        tokens = np.zeros((len(rows), 1 + ahead), np.int64)
        for line, row, guess in zip(tokens, rows, guesses, strict=True):
            line[: 1 + len(guess)] = [row.last_token, *guess]
        lengths = np.array([row.length + 1 + ahead for row in rows], np.int32)
        try:
            logits = self._decoder.decode(tokens, lengths)
        except Exception as error:  # nothing has moved: the same rows can be decoded again
            self._unless_memory(error)
            if ahead:
                self._decode(guessing=False)
            else:
                self._cannot_decode(rows)
            return
        self._breadth.went_well()
        for row in rows:  # all of them, before one that leaves makes another move
            row.length += 1 + ahead
            self._step.members.add(row.owner)
        self._take(rows, guesses, logits)

    def _guesses(self, rows: list[RunningOutput]) -> list[list[int]]:
        """What each row may say next; nothing where a step has more to do than to wait for memory."""
        most = MOST_AHEAD // len(rows) - 1 if self._decoder.can_look_ahead else 0
        most = min(most, *(min(row.tokens_left - 1, self._slot_tokens - row.length - 1) for row in rows))
        return [row.lookup.guess(most) for row in rows]

    def _take(self, rows: list[RunningOutput], guesses: list[list[int]], logits: NDArray[np.float32]) -> None:
        """Sample each row's next token from (B, 1 + ahead, V), and those behind it as long as its guess was right."""
        going = list(zip(rows, guesses, logits, strict=True))
        ahead = logits.shape[1] - 1
        for right in range(1 + ahead):
            self._sample([(row, row_logits[right]) for row, _, row_logits in going])
            was_right = []
            for row, guess, row_logits in going:
                if not row.finish_reason and guess[right : right + 1] == [row.last_token]:
                    was_right.append((row, guess, row_logits))
                    continue
                row.length -= ahead - right
                row.lookup.judged(len(guess), right)
                self._step.guessed += right
            going = was_right

    def _account(self, began: float) -> Step:
        share = (self._clock() - began) / max(1, len(self._step.members))
        for generation in self._step.members:
            generation.engine_seconds += share
        refused, self._refused = self._refused, []
        return self._step.whole(refused)

    # -- memory ran out --------------------------------------------------------------------------

    def _unless_memory(self, error: Exception) -> None:
        if not is_out_of_memory(error):
            raise error

    def _cannot_fill(self, generation: RunningGeneration) -> None:
        """It waits until fewer run; nobody else is touched. Alone it fails."""
        running = len(self._slots)
        if not running:
            self._cut(generation, Ending.FAILED, EngineOutOfMemory())
            return
        self._breadth.narrow(running + 1)
        self._wait_to_fill(generation)

    def _wait_to_fill(self, generation: RunningGeneration) -> None:
        self._slots.stop_filling()
        self._scheduler.put_back(generation)
        self._slots.limit = self._breadth.now

    def _cannot_decode(self, rows: list[RunningOutput]) -> None:
        """The youngest are given back until the others fit in half of the rows; the oldest stays."""
        if len(rows) == 1:
            self._cut(rows[0].owner, Ending.FAILED, EngineOutOfMemory())
            return
        self._breadth.narrow(len(rows))
        self._slots.limit = self._breadth.now
        if self._slots.filling is not None:  # the slot it was to begin in may be gone
            self._wait_to_fill(self._slots.filling)
        taken = Counter(row.owner.request.key for row in rows)
        oldest_first = [generation for key, generation in self._inside.items() if taken[key]]
        if len(oldest_first) == 1:  # its outputs come one after the other then
            self._cut(oldest_first[0], Ending.GIVEN_BACK)
            return
        left = self._breadth.now - taken[oldest_first[0].request.key]
        for generation in oldest_first[1:]:
            left -= taken[generation.request.key]
            if left < 0:
                self._cut(generation, Ending.GIVEN_BACK)

    # -- one output ------------------------------------------------------------------------------

    def _next_output(self, generation: RunningGeneration) -> RunningOutput:
        index = generation.waiting_outputs.pop(0)
        output = RunningOutput(generation, index, self._spelling, self._vocab, self._ends)
        generation.outputs.append(output)
        return output

    def _begin(self, output: RunningOutput) -> None:
        """Sample an output's first token, which follows the prompt."""
        if not output.finish_reason:
            self._sample([(output, output.owner.first_logits())])

    def _sample(self, rows: list[tuple[RunningOutput, NDArray[np.float32]]]) -> None:
        chosen = choose(self._drawer, [(row.sampler, logits) for row, logits in rows])
        for (row, _), token in zip(rows, chosen, strict=True):
            if row.finish_reason:  # by a sibling's failure, in this very step
                continue
            if isinstance(token, GenerationFailed):
                self._cut(row.owner, Ending.FAILED, token)
                continue
            if row.owner.first_output is None:
                row.owner.first_output = self._clock()
            self._tell(row.take(token))
            if row.finish_reason:
                self._finished(row)

    def _finished(self, output: RunningOutput) -> None:
        generation = output.owner
        if generation.waiting_outputs:
            successor = self._next_output(generation)
            self._slots.replace(output, successor)
            if generation.prompt_kept is not None:
                self._decoder.write(self._slots.slot_of(successor), 0, generation.prompt_kept)
            self._begin(successor)
            return
        self._slots.leave(output)
        if generation.done:
            self._remove(generation, Ending.DONE)

    def _cut(self, generation: RunningGeneration, ending: Ending, error: EngineError | None = None) -> None:
        """End a generation wherever it is; what it has said so far stays said."""
        self._scheduler.remove(generation.request.key)
        if self._slots.filling is generation:
            self._slots.stop_filling()
        generation.waiting_outputs.clear()
        for output in generation.outputs:
            if not output.finish_reason:
                self._tell(output.finish("cut"))
                if output.kept is None:
                    self._slots.leave(output)
                output.kept = None
        self._remove(generation, ending, error)

    def _remove(
        self, generation: RunningGeneration, ending: Ending, error: EngineError | None = None
    ) -> None:
        del self._inside[generation.request.key]
        self._step.ended.append((generation, ending, error))

    def _tell(self, delta: Delta | None) -> None:
        if delta is not None:
            self._step.deltas.append(delta)


def run_to_end(engine: TextEngine, generations: Iterable[TextGeneration]) -> list[Step]:
    """Admit all, and step until the engine is empty."""
    for generation in generations:
        engine.admit(generation)
    steps = []
    while engine.load:
        steps.append(engine.step())
    return steps
