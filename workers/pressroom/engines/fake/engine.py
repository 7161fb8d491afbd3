"""FakeEngine: an ``Engine`` for text and pictures that needs no model, and fails when told to.

Supported code, not only a test's helper: it drives queue tests with thousands of jobs, and lets a
deployment be tried out without weights. The same seed gives the same text and the same pictures; a
step takes ``step_seconds``, serves up to ``slots`` generations, and gives each ``tokens_per_step``
tokens of every output, one picture, or the ``width`` numbers of one text.

Trouble to order, by a ``Fault`` for each generation:

    FAIL    it ends FAILED at its first step
    STALL   it never gets further, while the engine serves the others
    HANG    the step in which it would start blocks until ``release()``: an engine that is stuck
    OOM     the step in which it would start finds no memory: half of what runs is given back, the youngest;
            alone it fails
    CRASH   the step in which it would start ends the whole process, as native code does that goes wrong

``faults_by_words`` makes a plan that reads the fault from the prompt or label, so that it can be
ordered through every layer above: ``<crash>`` for every attempt, ``<crash:2>`` for the first two;
``fails_at_first`` one that fails a job's first attempts.
"""

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from pressroom.domain.chances import TokenChance
from pressroom.engines.base import (
    Delta,
    Ending,
    EngineError,
    EngineInfo,
    EngineOutOfMemory,
    Generation,
    GenerationFailed,
    ImageGeneration,
    ImageOutput,
    Key,
    Numbers,
    Outcome,
    ReadingGeneration,
    Step,
    TextGeneration,
    TextOutput,
    Usage,
)
from pressroom.engines.fake.words import numbers, picture, words
from pressroom.engines.memory import Breadth


class Fault(StrEnum):
    """What goes wrong with a generation."""

    FAIL = "fail"
    STALL = "stall"
    HANG = "hang"
    CRASH = "crash"
    OOM = "oom"


_ORDER = re.compile(rf"<({'|'.join(Fault)})(?::([0-9]{{1,9}}))?>", re.ASCII)

FaultPlan = Callable[[Generation], Fault | None]


def no_faults(generation: Generation) -> None:
    """The default plan."""


def fails_at_first(attempts: int) -> FaultPlan:
    """Every job fails in its first ``attempts`` attempts, and then goes well."""
    return lambda generation: Fault.FAIL if generation.key.attempt <= attempts else None


def faults_by_words(generation: Generation) -> Fault | None:
    """A plan: the fault that the prompt, messages or label name, such as ``<fail>`` or ``<hang:1>``."""
    ordered = _ORDER.search(_said(generation))
    if ordered is None or (ordered[2] is not None and generation.key.attempt > int(ordered[2])):
        return None
    return Fault(ordered[1])


@dataclass(slots=True)
class _Text:
    """One output of a text request: known from the start, told bit by bit."""

    tokens: list[str]
    limit: str  # the final text, cut at a stop string
    finish_reason: str
    made: int = 0
    told: int = 0  # characters already in deltas

    @property
    def done(self) -> bool:
        return self.told >= len(self.limit)


@dataclass(slots=True, eq=False)
class _Work:
    generation: Generation
    fault: Fault | None
    texts: list[_Text] = field(default_factory=list)
    images: list[ImageOutput] = field(default_factory=list)
    rows: list[Numbers] = field(default_factory=list)
    engine_seconds: float = 0.0
    first_output: float | None = None

    def outcome(self, ending: Ending, error: EngineError | None = None) -> Outcome:
        texts = tuple(
            TextOutput(
                index,
                text.limit[: text.told],
                text.made,
                text.finish_reason if text.done else "cut",
                self._certain(text),
            )
            for index, text in enumerate(self.texts)
        )
        usage = Usage(
            tokens_in=self._read(),
            tokens_out=sum(text.made for text in self.texts),
            engine_seconds=self.engine_seconds,
        )
        return Outcome(
            self.generation.key,
            ending,
            texts,
            tuple(self.images),
            self._numbers(ending),
            usage,
            self.first_output,
            error,
        )

    def _read(self) -> int:
        """Words, of texts that are read one by one as far as it has come."""
        generation = self.generation
        if isinstance(generation, ReadingGeneration):
            return sum(len(text.split()) for text in generation.texts[: len(self.rows)])
        return len(_said(generation).split()) if self.texts else 0

    def _numbers(self, ending: Ending) -> Numbers | None:
        return np.stack(self.rows) if self.rows and ending is Ending.DONE else None

    def _certain(self, text: _Text) -> tuple[TokenChance, ...] | None:
        """Log-probabilities where they were asked for: it never thinks of another word."""
        if not isinstance(self.generation, TextGeneration) or self.generation.params.logprobs is None:
            return None
        return tuple(TokenChance(0, token.encode(), 0.0) for token in text.tokens[: text.made])


def _die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


class FakeEngine:
    """Implements ``Engine`` without a model; see the page's head. ``steps`` counts working steps."""

    def __init__(
        self,
        *,
        model: str = "fake",
        slots: int = 8,
        tokens_per_step: int = 1,
        step_seconds: float = 0.0,
        faults: FaultPlan = no_faults,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        crash: Callable[[], None] = _die,
        width: int = 0,
    ) -> None:
        self._info = EngineInfo(model=model, version="0", provider="none", slots=slots)
        self._tokens_per_step = tokens_per_step
        self._step_seconds = step_seconds
        self._faults = faults
        self._clock = clock
        self._sleep = sleep
        self._crash = crash
        self._width = width
        self._breadth = Breadth(slots, clock=clock)
        self._works: dict[Key, _Work] = {}  # in order of arrival; the first ``slots_now`` run
        self._ended: list[Outcome] = []
        self._released = threading.Event()
        self.steps = 0

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

    def release(self) -> None:
        """Let a step that hangs go on, from another thread; no step hangs afterwards."""
        self._released.set()

    def admit(self, generation: Generation) -> None:
        """Take a generation.

        :raises ValueError: the key is inside already, which is the caller's mistake.
        """
        if generation.key in self._works:
            raise ValueError(f"{generation.key} is in the engine already")
        work = _Work(generation, self._faults(generation))
        if isinstance(generation, TextGeneration):
            work.texts = [_plan_text(generation, index) for index in range(generation.params.n)]
        self._works[generation.key] = work

    def step(self) -> Step:
        """One step for all that run: ``tokens_per_step`` tokens of each text, or a picture each."""
        self._end_late()
        running = list(self._works.values())[: self._breadth.now]
        deltas: list[Delta] = []
        if running:
            if any(work.fault is Fault.CRASH for work in running):
                self._crash()
            if any(work.fault is Fault.HANG for work in running):
                self._released.wait()
            running = self._with_memory(running)
        if running:
            start = self._clock()
            if self._step_seconds:
                self._sleep(self._step_seconds)
            now = self._clock()
            self.steps += 1
            self._breadth.went_well()
            for work in running:
                work.engine_seconds += (now - start) / len(running)
                deltas += self._advance(work, now)
        outcomes, self._ended = tuple(self._ended), []
        return Step(tuple(deltas), outcomes)

    def end(self, key: Key, ending: Ending) -> None:
        """Make a generation leave; what it has made until now is in its outcome."""
        if key in self._works:
            self._leave(key, ending)

    def warm_up(self) -> None:
        """Nothing is cold."""

    def close(self) -> None:
        """Let go of a step that hangs."""
        self.release()

    def _end_late(self) -> None:
        now = self._clock()
        for key, work in list(self._works.items()):
            deadline = work.generation.deadline
            if deadline is not None and deadline <= now:
                self._leave(key, Ending.DEADLINE)

    def _with_memory(self, running: list[_Work]) -> list[_Work]:
        """What this step serves: all, or none where memory did not do."""
        if all(work.fault is not Fault.OOM for work in running):
            return running
        if len(running) == 1:
            self._leave(running[0].generation.key, Ending.FAILED, EngineOutOfMemory())
            return []
        self._breadth.narrow(len(running))
        for work in running[self._breadth.now :]:
            self._leave(work.generation.key, Ending.GIVEN_BACK)
        return []

    def _leave(self, key: Key, ending: Ending, error: EngineError | None = None) -> None:
        self._ended.append(self._works.pop(key).outcome(ending, error))

    def _advance(self, work: _Work, now: float) -> list[Delta]:
        generation = work.generation
        if work.fault is Fault.FAIL:
            error = GenerationFailed("this fake engine was told to fail here. Try again.")
            self._leave(generation.key, Ending.FAILED, error)
            return []
        if work.fault is Fault.STALL:
            return []
        work.first_output = work.first_output or now
        deltas: list[Delta] = []
        if isinstance(generation, ImageGeneration):
            work.images.append(_draw(generation, len(work.images)))
            done = len(work.images) >= generation.params.n
        elif isinstance(generation, ReadingGeneration):
            work.rows.append(numbers(generation.texts[len(work.rows)], self._width))
            done = len(work.rows) >= len(generation.texts)
        else:
            for index, text in enumerate(work.texts):
                deltas += self._grow(generation.key, index, text)
            done = all(text.done for text in work.texts)
        if done:
            self._leave(generation.key, Ending.DONE)
        return deltas

    def _grow(self, key: Key, index: int, text: _Text) -> list[Delta]:
        """The next tokens of one output, as at most one delta; never past a stop string."""
        if text.done:
            return []
        tokens = min(self._tokens_per_step, len(text.tokens) - text.made)
        text.made += tokens
        end = min(len("".join(text.tokens[: text.made])), len(text.limit))
        piece, text.told = text.limit[text.told : end], end
        return [Delta(key, index, piece, tokens)] if piece else []


def _plan_text(generation: TextGeneration, index: int) -> _Text:
    params = generation.params
    assert params.seed is not None
    tokens = words(params.seed, index, params.max_tokens)
    full = "".join(tokens)
    cuts = [full.index(stop) for stop in params.stop if stop in full]
    return _Text(tokens, full[: min(cuts)] if cuts else full, "stop" if cuts else "length")


def _draw(generation: ImageGeneration, index: int) -> ImageOutput:
    seed = generation.params.seed
    assert seed is not None
    return ImageOutput(index=index, pixels=picture(seed, index), label=generation.params.label or "stripes")


def _said(generation: Generation) -> str:
    """All that the request says in words."""
    if isinstance(generation, ImageGeneration):
        return generation.params.label or ""
    if isinstance(generation, ReadingGeneration):
        return " ".join(generation.texts)
    return " ".join([generation.prompt or "", *(turn.content for turn in generation.messages)])
