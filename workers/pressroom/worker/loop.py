"""EngineLoop: the one thread that drives the engine, and does nothing else.

Others put generations and ends into its inbox; it steps the engine and hands out what a step made.
The callbacks run in this thread: they must neither block nor raise.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import perf_counter

from pressroom.engines.base import Delta, Ending, Engine, Generation, Key, Outcome

# A step that made nothing and took no time was waiting for something, such as batch-mates.
_IDLE_STEP_S = 0.000_3
_GATHER_WAIT_S = 0.001


@dataclass(frozen=True, slots=True)
class _End:
    key: Key
    ending: Ending


@dataclass(frozen=True, slots=True)
class StepFacts:
    """For metrics. ``load``: generations in the engine when the step began; ``filled`` and ``reused``:
    tokens of prompts, computed and copied; ``guessed``: tokens of outputs that came without a step of their own."""

    seconds: float
    load: int
    tokens: int
    filled: int = 0
    reused: int = 0
    guessed: int = 0


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a heartbeat looks at: the engine lives if ``steps`` grew, or there is nothing to do."""

    steps: int
    idle: bool


class EngineLoop:
    """Drives ``engine`` from ``start`` to ``stop``.

    ``on_broken`` is called once if the engine raises, which it does for no request's fault; ``on_slots``
    when it works with more or fewer slots than before."""

    def __init__(
        self,
        engine: Engine,
        *,
        on_deltas: Callable[[Sequence[Delta]], None],
        on_outcome: Callable[[Outcome], None],
        on_broken: Callable[[Exception], None],
        on_step: Callable[[StepFacts], None] = lambda facts: None,
        on_slots: Callable[[int], None] = lambda slots: None,
    ) -> None:
        self._engine = engine
        self._on_deltas = on_deltas
        self._on_outcome = on_outcome
        self._on_broken = on_broken
        self._on_step = on_step
        self._on_slots = on_slots
        self._slots = engine.slots_now
        self._inbox: SimpleQueue[Generation | _End | None] = SimpleQueue()
        self._steps = 0
        self._idle = True
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def pulse(self) -> Pulse:
        return Pulse(self._steps, self._idle and self._inbox.empty())

    def start(self) -> None:
        self._thread.start()

    def submit(self, generation: Generation) -> None:
        """Hand a generation to the engine; its Outcome comes through ``on_outcome``."""
        self._inbox.put(generation)

    def end(self, key: Key, ending: Ending) -> None:
        """Ask for a generation's end; no effect if it has ended."""
        self._inbox.put(_End(key, ending))

    def stop(self, timeout_s: float | None = None) -> bool:
        """End the thread after the step in progress. False: the step did not end in time."""
        self._stopping = True
        self._inbox.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping:
                if self._engine.load:
                    self._read_inbox()
                    self._step()
                else:
                    self._idle = True
                    item = self._inbox.get()
                    self._idle = False  # before it is taken: an engine may stand still there too
                    self._take(item)
        except Exception as error:
            self._on_broken(error)

    def _step(self) -> None:
        load, start = self._engine.load, perf_counter()
        step = self._engine.step()
        seconds = perf_counter() - start
        self._steps += 1
        # Before the outcomes: a slot that one of them frees may not be there any more.
        if self._engine.slots_now != self._slots:
            self._slots = self._engine.slots_now
            self._on_slots(self._slots)
        if step.deltas:
            self._on_deltas(step.deltas)
        for outcome in step.outcomes:
            self._on_outcome(outcome)
        if step.deltas or step.outcomes or seconds > _IDLE_STEP_S:
            tokens = sum(delta.tokens for delta in step.deltas)
            self._on_step(StepFacts(seconds, load, tokens, step.filled, step.reused, step.guessed))
        elif self._engine.load:
            try:
                self._take(self._inbox.get(timeout=_GATHER_WAIT_S))
            except Empty:
                return

    def _read_inbox(self) -> None:
        while not self._inbox.empty():
            self._take(self._inbox.get())

    def _take(self, item: "Generation | _End | None") -> None:
        match item:
            case None:
                return
            case _End(key, ending):
                self._engine.end(key, ending)
            case _:
                self._engine.admit(item)
