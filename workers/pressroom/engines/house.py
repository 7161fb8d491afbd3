"""EngineHouse: several models behind one seam. Each is opened when it is first wanted and closed when its room is.

    admit ──> the model's engine, where it is open
         └──> a line for the model ──step──> opened and warmed up in a thread of its own ──step──> its engine

The engines take turns, a step each. A model that is wanted and finds no room below the ceiling makes the one leave that was
not used for longest: at once if it is idle, else it gets nothing new and leaves when it has done what it holds. So every
model's turn comes, nobody's work is dropped, and those that are open go on while another is being opened.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from pressroom.engines.base import (
    Ending,
    Engine,
    EngineError,
    EngineInfo,
    EngineUnavailable,
    Generation,
    Key,
    ModelTooLarge,
    Outcome,
    Step,
)
from pressroom.telemetry import get_logger

Clock = Callable[[], float]


@dataclass(slots=True)
class _Resident:
    """A model that is open. ``leaving``: it gets nothing new."""

    engine: Engine
    used: float
    leaving: bool = False


@dataclass(slots=True)
class _Line:
    """Generations of a model that is not open, the first to come first. ``opening``: somebody is at it."""

    waiting: deque[Generation] = field(default_factory=deque)
    opening: Future[Engine] | None = None


class EngineHouse:
    """Implements ``Engine`` over many.

    ``open_engine`` opens a model, by the hash of its weights, and ``room_of`` says how many bytes it takes; all that are
    open take at most ``ceiling`` together. ``first`` is opened by ``warm_up``; the house has as many slots as that one.
    """

    def __init__(
        self,
        open_engine: Callable[[str], Engine],
        room_of: Callable[[str], int],
        *,
        first: str,
        ceiling: int,
        clock: Clock = time.monotonic,
    ) -> None:
        self._open_engine = open_engine
        self._room_of = room_of
        self._first = first
        self._ceiling = ceiling
        self._info: EngineInfo | None = None
        self._clock = clock
        self._residents: dict[str, _Resident] = {}
        self._lines: dict[str, _Line] = {}
        self._model_of: dict[Key, str] = {}
        self._turn: deque[str] = deque()
        self._ended: list[Outcome] = []
        self._openers = ThreadPoolExecutor(1, thread_name_prefix="opener")

    @property
    def info(self) -> EngineInfo:
        """Of the model that was opened first. Raises EngineUnavailable before ``warm_up``."""
        if self._info is None:
            raise EngineUnavailable("No model is open yet: warm_up comes first.")
        return self._info

    @property
    def slots_now(self) -> int:
        """As many as the one of the open models has that has the fewest now."""
        return min([self.info.slots, *(each.engine.slots_now for each in self._residents.values())])

    @property
    def open_models(self) -> tuple[str, ...]:
        """Hashes of those that are open, the least used first."""
        return tuple(sorted(self._residents, key=lambda model: self._residents[model].used))

    @property
    def load(self) -> int:
        waiting = sum(len(line.waiting) for line in self._lines.values())
        return len(self._ended) + waiting + sum(each.engine.load for each in self._residents.values())

    def admit(self, generation: Generation) -> None:
        """Take a generation; it waits where its model is not open. One that is larger than the house ends FAILED."""
        model = generation.model
        if self._room_of(model) > self._ceiling:
            self._ended.append(Outcome(generation.key, Ending.FAILED, error=ModelTooLarge(self._ceiling)))
            return
        self._model_of[generation.key] = model
        resident = self._residents.get(model)
        if resident is None or resident.leaving:
            self._lines.setdefault(model, _Line()).waiting.append(generation)
            return
        resident.used = self._clock()
        resident.engine.admit(generation)

    def step(self) -> Step:
        """Let in who was opened, make room for who is wanted, and step the engine whose turn it is."""
        self._end_late()
        self._let_in()
        self._let_go()
        self._open_wanted()
        step = self._step_one()
        for outcome in step.outcomes:
            self._model_of.pop(outcome.key, None)
        outcomes, self._ended = (*self._ended, *step.outcomes), []
        return Step(step.deltas, outcomes, step.filled, step.reused, step.guessed)

    def end(self, key: Key, ending: Ending) -> None:
        """Make a generation leave, also one that waits for its model."""
        model = self._model_of.get(key)
        if model is None:
            return
        line = self._lines.get(model)
        for generation in line.waiting if line is not None else ():
            if generation.key == key:
                self._leave_line(model, generation, ending)
                return
        if model in self._residents:
            self._residents[model].engine.end(key, ending)

    def warm_up(self) -> None:
        """Open the first model, so that whoever is ready can serve it. Raises what opening it raises; every other is opened
        and warmed up when it is wanted, before anybody gets it."""
        if self._room_of(self._first) > self._ceiling:
            raise ModelTooLarge(self._ceiling)
        engine = self._opened(self._first)
        self._info = engine.info
        self._reside(self._first, engine)

    def close(self) -> None:
        self._openers.shutdown(wait=True, cancel_futures=True)
        for line in self._lines.values():
            if line.opening is not None and not line.opening.cancelled() and line.opening.exception() is None:
                line.opening.result().close()
        for resident in self._residents.values():
            resident.engine.close()

    # -- the lines ---------------------------------------------------------------------------
    def _end_late(self) -> None:
        now = self._clock()
        for model, line in list(self._lines.items()):
            for generation in list(line.waiting):
                if generation.deadline is not None and generation.deadline <= now:
                    self._leave_line(model, generation, Ending.DEADLINE)

    def _leave_line(
        self, model: str, generation: Generation, ending: Ending, error: EngineError | None = None
    ) -> None:
        line = self._lines[model]
        line.waiting.remove(generation)
        if not line.waiting and line.opening is None:
            del self._lines[model]
        self._model_of.pop(generation.key, None)
        self._ended.append(Outcome(generation.key, ending, error=error))

    def _let_in(self) -> None:
        for model, line in list(self._lines.items()):
            if line.opening is None or not line.opening.done():
                continue
            try:
                engine = line.opening.result()
            except Exception as error:  # whatever a file or a runtime may raise is this model's trouble alone
                line.opening = None
                told = error if isinstance(error, EngineError) else _unavailable(error)
                for generation in list(line.waiting):
                    self._leave_line(model, generation, Ending.FAILED, told)
                self._lines.pop(model, None)
                continue
            del self._lines[model]
            self._reside(model, engine)
            for generation in line.waiting:
                engine.admit(generation)

    def _reside(self, model: str, engine: Engine) -> None:
        self._residents[model] = _Resident(engine, self._clock())
        self._turn.append(model)
        self._tell("model_opened", engine.info)

    def _open_wanted(self) -> None:
        """One at a time, the line that began first: the others would take its room."""
        if any(line.opening is not None for line in self._lines.values()):
            return
        for model, line in self._lines.items():
            if model in self._residents:  # it is leaving, and comes again
                continue
            if self._makes_room(self._room_of(model)):
                line.opening = self._openers.submit(self._opened, model)
            return

    def _opened(self, model: str) -> Engine:
        engine = self._open_engine(model)
        engine.warm_up()
        return engine

    # -- the room ----------------------------------------------------------------------------
    def _makes_room(self, wanted: int) -> bool:
        """Whether there is so much below the ceiling; if not, whoever was not used for longest is on its way."""
        taken = sum(map(self._room_of, self._residents))
        for model in self.open_models:
            if taken + wanted <= self._ceiling:
                break
            resident = self._residents[model]
            if resident.engine.load:
                resident.leaving = True
            else:
                self._close(model)
            taken -= self._room_of(model)
        return sum(map(self._room_of, self._residents)) + wanted <= self._ceiling

    def _let_go(self) -> None:
        for model, resident in list(self._residents.items()):
            if resident.leaving and not resident.engine.load:
                self._close(model)

    def _close(self, model: str) -> None:
        engine = self._residents.pop(model).engine
        self._turn.remove(model)
        info = engine.info
        engine.close()
        self._tell("model_closed", info)

    def _tell(self, event: str, info: EngineInfo) -> None:
        taken = sum(map(self._room_of, self._residents))
        get_logger(__name__).info(
            event, model=info.model, version=info.version, bytes=taken, of=self._ceiling
        )

    def _step_one(self) -> Step:
        for _ in range(len(self._turn)):
            model = self._turn[0]
            self._turn.rotate(-1)
            resident = self._residents[model]
            if resident.engine.load:
                resident.used = self._clock()
                return resident.engine.step()
        return Step()


def _unavailable(error: Exception) -> EngineUnavailable:
    return EngineUnavailable(
        f"The model cannot be opened ({type(error).__name__}: {error}). `pressroom models verify` tells whether its files "
        "are whole."
    )
