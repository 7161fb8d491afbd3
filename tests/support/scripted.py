"""An engine that does what a test tells it, one step at a time, and a gate to hold a thread at."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pressroom.contract.params import TextParams
from pressroom.engines.base import (
    Delta,
    Ending,
    EngineInfo,
    Generation,
    Key,
    Outcome,
    Step,
    TextGeneration,
    TextOutput,
)


def generation(job_id: str = "job_1", attempt: int = 1) -> TextGeneration:
    return TextGeneration(Key(job_id, attempt), TextParams(seed=7), prompt="Write.")


def said(key: Key, text: str, index: int = 0) -> Step:
    """A step that told a piece of text."""
    return Step(deltas=(Delta(key, index, text, 1),))


def done(key: Key, text: str = "A mug.") -> Step:
    """A step in which a generation ended well."""
    return Step(outcomes=(Outcome(key, Ending.DONE, (TextOutput(0, text, 2, "stop"),)),))


class ScriptedEngine:
    """Implements ``Engine``: each step takes the next item of ``script``; when it is used up, steps
    are empty. An item may be an exception, or a function that makes the step."""

    def __init__(self, script: Iterable[Step | Exception | Callable[[], Step]] = (), slots: int = 4) -> None:
        self.script = list(script)
        self.slots = slots
        self.inside: list[Key] = []
        self.ended: list[tuple[Key, Ending]] = []
        self.threads: set[str] = set()
        self.steps = 0
        self.stepped = threading.Semaphore(0)

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("scripted", "1", "none", self.slots)

    @property
    def slots_now(self) -> int:
        return self.slots

    @property
    def load(self) -> int:
        return len(self.inside)

    def admit(self, generation: Generation) -> None:
        self.threads.add(threading.current_thread().name)
        self.inside.append(generation.key)

    def step(self) -> Step:
        self.threads.add(threading.current_thread().name)
        self.steps += 1
        item: Any = self.script.pop(0) if self.script else Step()
        if isinstance(item, Exception):
            raise item
        step: Step = item() if callable(item) else item
        for outcome in step.outcomes:
            self.inside.remove(outcome.key)
        self.stepped.release()
        return step

    def end(self, key: Key, ending: Ending) -> None:
        self.threads.add(threading.current_thread().name)
        self.ended.append((key, ending))
        if key in self.inside:
            self.script.append(Step(outcomes=(Outcome(key, ending),)))

    def warm_up(self) -> None: ...

    def close(self) -> None: ...


class Gathered:
    """Collects what a callback is given, and lets a test wait for it."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, item: Any) -> None:
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()

    def extend(self, items: Sequence[Any]) -> None:
        with self._changed:
            self.items.extend(items)
            self._changed.notify_all()

    def wait(self, count: int, timeout_s: float = 5.0) -> list[Any]:
        """The items, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.items) >= count, timeout_s), self.items
            return list(self.items)
