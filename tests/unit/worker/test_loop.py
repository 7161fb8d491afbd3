"""EngineLoop: one thread, no busy waiting, everything handed out in order."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest
from tests.support.scripted import Gathered, ScriptedEngine, done, generation, said

from pressroom.engines.base import Ending, Generation, Key, Step
from pressroom.worker.loop import EngineLoop

KEY = Key("job_1", 1)


class World:
    def __init__(self, engine: ScriptedEngine) -> None:
        self.engine = engine
        self.deltas, self.outcomes, self.broken, self.steps = Gathered(), Gathered(), Gathered(), Gathered()
        self.slots = Gathered()
        self.loop = EngineLoop(
            engine,
            on_deltas=self.deltas.extend,
            on_outcome=self.outcomes,
            on_broken=self.broken,
            on_step=self.steps,
            on_slots=self.slots,
        )
        self.loop.start()


@pytest.fixture
def start() -> Iterator[Callable[[ScriptedEngine], World]]:
    worlds: list[World] = []

    def begin(engine: ScriptedEngine) -> World:
        worlds.append(World(engine))
        return worlds[-1]

    yield begin
    for world in worlds:
        assert world.loop.stop(5)


def test_what_a_step_made_is_handed_out_in_order(start: Callable[[ScriptedEngine], World]) -> None:
    world = start(ScriptedEngine([said(KEY, "A"), said(KEY, " mug"), done(KEY)]))

    world.loop.submit(generation())

    (outcome,) = world.outcomes.wait(1)
    assert outcome.key == KEY
    assert [delta.text for delta in world.deltas.items] == ["A", " mug"]


def test_it_tells_when_the_engine_works_with_fewer_slots(start: Callable[[ScriptedEngine], World]) -> None:
    engine = ScriptedEngine()

    def narrower() -> Step:
        engine.slots = 2
        return Step()

    engine.script = [Step(), narrower, Step(), done(KEY)]
    world = start(engine)
    world.loop.submit(generation())

    world.outcomes.wait(1)

    assert world.slots.items == [2]


def test_only_the_engine_thread_touches_the_engine(start: Callable[[ScriptedEngine], World]) -> None:
    world = start(ScriptedEngine())
    world.loop.submit(generation())
    world.loop.end(KEY, Ending.CANCELED)

    world.outcomes.wait(1)

    assert world.engine.threads == {"engine"}


def test_an_idle_loop_does_not_step(start: Callable[[ScriptedEngine], World]) -> None:
    world = start(ScriptedEngine([done(KEY)]))
    assert world.loop.pulse.idle

    world.loop.submit(generation())
    world.outcomes.wait(1)

    _until(lambda: world.loop.pulse.idle)
    assert world.engine.steps == world.loop.pulse.steps == 1


def test_an_engine_that_gathers_is_not_spun(start: Callable[[ScriptedEngine], World]) -> None:
    """Empty steps while there is load: a few a millisecond, not a hundred thousand a second."""
    world = start(ScriptedEngine())
    began = monotonic()
    world.loop.submit(generation())
    for _ in range(20):
        assert world.engine.stepped.acquire(timeout=5)
    seconds = monotonic() - began

    assert seconds >= 0.015


def test_an_arrival_ends_the_wait_of_a_gathering_engine(start: Callable[[ScriptedEngine], World]) -> None:
    second = Key("job_2", 1)
    engine = ScriptedEngine()
    world = start(engine)
    world.loop.submit(generation())
    assert engine.stepped.acquire(timeout=5)

    world.loop.submit(generation("job_2"))

    _until(lambda: second in engine.inside)


def test_an_end_reaches_a_generation(start: Callable[[ScriptedEngine], World]) -> None:
    world = start(ScriptedEngine())
    world.loop.submit(generation())

    world.loop.end(KEY, Ending.CANCELED)

    (outcome,) = world.outcomes.wait(1)
    assert outcome.ending is Ending.CANCELED


def test_an_end_of_an_unknown_generation_harms_nobody(start: Callable[[ScriptedEngine], World]) -> None:
    world = start(ScriptedEngine([done(KEY)]))
    world.loop.end(Key("job_9", 1), Ending.CANCELED)

    world.loop.submit(generation())

    assert len(world.outcomes.wait(1)) == 1


def test_an_engine_that_raises_is_reported_once_and_never_stepped_again(
    start: Callable[[ScriptedEngine], World],
) -> None:
    world = start(ScriptedEngine([RuntimeError("the device is gone")]))

    world.loop.submit(generation())

    (error,) = world.broken.wait(1)
    assert str(error) == "the device is gone"
    assert world.engine.steps == 1


def test_a_step_that_hangs_shows_in_the_pulse_and_in_stop() -> None:
    gate, inside = threading.Event(), threading.Event()

    def hang() -> Step:
        inside.set()
        gate.wait()
        return Step()

    world = World(ScriptedEngine([hang]))
    world.loop.submit(generation())
    assert inside.wait(5)

    first = world.loop.pulse
    assert not first.idle
    assert world.loop.pulse == first
    assert not world.loop.stop(0.01)
    gate.set()
    assert world.loop.stop(5)


def test_an_engine_that_hangs_while_it_takes_work_is_not_idle() -> None:
    gate, inside = threading.Event(), threading.Event()

    class Hanging(ScriptedEngine):
        def admit(self, generation: Generation) -> None:
            inside.set()
            gate.wait()

    world = World(Hanging())
    world.loop.submit(generation())
    assert inside.wait(5)

    assert not world.loop.pulse.idle
    gate.set()
    assert world.loop.stop(5)


def test_work_in_the_inbox_is_not_idle() -> None:
    loop = EngineLoop(
        ScriptedEngine(), on_deltas=lambda _: None, on_outcome=lambda _: None, on_broken=lambda _: None
    )

    loop.submit(generation())

    assert not loop.pulse.idle


def test_steps_are_counted_for_the_metrics(start: Callable[[ScriptedEngine], World]) -> None:
    world = start(ScriptedEngine([said(KEY, "A"), done(KEY)]))
    world.loop.submit(generation())

    facts = world.steps.wait(2)

    assert [fact.tokens for fact in facts[:2]] == [1, 0]
    assert all(fact.load == 1 and fact.seconds >= 0 for fact in facts[:2])


def _until(holds: Callable[[], bool]) -> None:
    deadline = monotonic() + 5
    while not holds():
        assert monotonic() < deadline
        threading.Event().wait(0.001)
