"""Several models behind one seam: opened when wanted, within the room there is, and nobody's work is dropped."""

import threading
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressroom.contract.params import ImageParams
from pressroom.engines.base import Ending, Engine, EngineUnavailable, ImageGeneration, Key, Outcome
from pressroom.engines.fake.engine import FakeEngine
from pressroom.engines.house import EngineHouse

ROOM = {"small": 10, "other": 10, "third": 10, "large": 25, "huge": 90}


class _World:
    """Fake engines, what was opened and closed, and a gate that openings wait at."""

    def __init__(self, ceiling: int = 30) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.warm: set[str] = set()
        self.broken: dict[str, Exception] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.now = 0.0
        self.house = EngineHouse(
            self._open, ROOM.__getitem__, first="small", ceiling=ceiling, clock=lambda: self.now
        )

    def _open(self, model: str) -> Engine:
        self.gate.wait(10)
        if model in self.broken:
            raise self.broken[model]
        self.opened.append(model)
        return _Told(model, self)

    def ask(self, name: str, model: str, n: int = 1, deadline: float | None = None) -> Key:
        key = Key(name, 1)
        self.now += 1
        self.house.admit(ImageGeneration(key, ImageParams(n=n, seed=1), deadline, model))
        return key

    def until_idle(self) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        late = monotonic() + 20
        while self.house.load:
            assert monotonic() < late, "the house stands still"
            step = self.house.step()
            outcomes |= {outcome.key.job_id: outcome for outcome in step.outcomes}
            if not step.outcomes:
                sleep(0.000_5)
        return outcomes


class _Told(FakeEngine):
    """Says when it was warmed up and closed, and takes nobody before it is warm."""

    def __init__(self, model: str, world: _World) -> None:
        super().__init__(model=model, slots=2, step_seconds=0.0)
        self._name, self._world = model, world

    def warm_up(self) -> None:
        super().warm_up()
        self._world.warm.add(self._name)

    def admit(self, generation: Any) -> None:
        assert self._name in self._world.warm
        super().admit(generation)

    def close(self) -> None:
        assert not self.load, "work was dropped"
        self._world.closed.append(self._name)
        super().close()


@pytest.fixture
def world() -> Iterator[_World]:
    made = _World()
    yield made
    made.gate.set()
    made.house.close()


def test_a_model_is_opened_once_for_all_who_want_it(world: _World) -> None:
    for number in range(5):
        world.ask(f"job-{number}", "small", n=3)

    done = world.until_idle()

    assert world.opened == ["small"]
    assert {outcome.ending for outcome in done.values()} == {Ending.DONE}
    assert [len(outcome.images) for outcome in done.values()] == [3] * 5


def test_who_is_ready_has_its_first_model_open_and_its_slots(world: _World) -> None:
    with pytest.raises(EngineUnavailable):
        _ = world.house.info

    world.house.warm_up()

    assert world.house.open_models == ("small",)
    assert (world.house.info.model, world.house.info.slots, world.house.slots_now) == ("small", 2, 2)


def test_a_first_model_that_cannot_be_opened_is_told_at_the_start(world: _World) -> None:
    world.broken["small"] = EngineUnavailable("no file")
    with pytest.raises(EngineUnavailable, match="no file"):
        world.house.warm_up()


def test_while_one_is_opened_the_others_go_on(world: _World) -> None:
    world.ask("first", "small")
    world.until_idle()
    world.gate.clear()
    world.ask("waits", "other")
    world.ask("goes on", "small", n=4)

    outcomes: list[Outcome] = []
    while not outcomes:
        outcomes += world.house.step().outcomes

    assert [outcome.key.job_id for outcome in outcomes] == ["goes on"]
    assert world.house.load == 1
    world.gate.set()
    assert list(world.until_idle()) == ["waits"]


def test_the_least_used_makes_room(world: _World) -> None:
    for model in ("small", "other", "third", "small"):
        world.ask(model, model)
        world.until_idle()
    assert world.closed == []

    world.ask("again", "large")
    world.until_idle()

    assert world.closed == ["other", "third", "small"]
    assert world.house.open_models == ("large",)


def test_who_is_busy_leaves_when_it_has_done_what_it_holds(world: _World) -> None:
    world.ask("long", "large", n=20)
    while not world.house.open_models:
        world.house.step()
    world.ask("next", "small")
    world.house.step()
    world.ask("late", "large", n=2)  # it is leaving: this one waits for its coming again

    done = world.until_idle()

    assert list(done) == ["long", "next", "late"]
    assert {outcome.ending for outcome in done.values()} == {Ending.DONE}
    assert world.opened == ["large", "small", "large"]
    assert world.closed == ["large", "small"]


def test_one_that_cannot_be_opened_fails_those_who_want_it_and_nobody_else(world: _World) -> None:
    world.broken["other"] = RuntimeError("the file is cut short")
    world.ask("bad", "other")
    world.ask("good", "small")

    done = world.until_idle()

    assert isinstance(done["bad"].error, EngineUnavailable)
    assert "cut short" in str(done["bad"].error)
    assert done["good"].ending is Ending.DONE
    del world.broken["other"]
    world.ask("better", "other")
    assert world.until_idle()["better"].ending is Ending.DONE


def test_what_does_not_fit_even_alone_is_refused_at_once(world: _World) -> None:
    world.ask("never", "huge")

    done = world.until_idle()

    assert done["never"].error is not None
    assert done["never"].error.code == "model_too_large"
    assert not done["never"].error.retryable
    assert world.opened == []


@pytest.mark.parametrize("when", ["waiting", "running"])
def test_one_can_be_ended_wherever_it_is(world: _World, when: str) -> None:
    if when == "waiting":
        world.gate.clear()
    key = world.ask("ended", "small", n=64)
    other = world.ask("stays", "small", n=64)
    if when == "running":
        while not world.house.open_models:
            world.house.step()

    world.house.end(key, Ending.CANCELED)
    world.house.end(Key("nobody", 1), Ending.CANCELED)
    world.gate.set()

    done = world.until_idle()
    assert done["ended"].ending is Ending.CANCELED
    assert done[other.job_id].ending is Ending.DONE


def test_a_deadline_passes_in_line_too(world: _World) -> None:
    world.gate.clear()
    world.ask("late", "small", deadline=5.0)
    world.house.step()
    world.now = 5.0

    done = {outcome.key.job_id: outcome for outcome in world.house.step().outcomes}

    assert done["late"].ending is Ending.DEADLINE
    assert world.house.load == 0


def test_closing_waits_for_who_is_being_opened() -> None:
    world = _World()
    world.gate.clear()
    world.ask("never", "small")
    world.house.step()
    closing = threading.Thread(target=world.house.close)
    closing.start()
    world.gate.set()
    closing.join(10)

    assert not closing.is_alive()
    assert world.closed == ["small"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["small", "other", "third", "large"]), st.integers(1, 3)), max_size=14)
)
def test_any_order_of_models_is_done_and_never_above_the_ceiling(asked: list[tuple[str, int]]) -> None:
    world = _World()
    most = 0
    pending = [(f"job-{number}", *each) for number, each in enumerate(asked)]
    done: dict[str, Outcome] = {}
    late = monotonic() + 20
    while pending or world.house.load:
        assert monotonic() < late, "the house stands still"
        if pending:
            world.ask(*pending.pop(0))
        for outcome in world.house.step().outcomes:
            done[outcome.key.job_id] = outcome
        most = max(most, sum(ROOM[model] for model in world.house.open_models))
    world.house.close()
    assert {outcome.ending for outcome in done.values()} <= {Ending.DONE}
    assert len(done) == len(asked)
    assert most <= 30
