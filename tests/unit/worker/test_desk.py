"""Desk: one claimer, never more than the slots and a small look-ahead."""

import threading
from typing import Any

import pytest
from tests.support.desk import Desk as Front
from tests.support.jobs import LEASE_MS, OTHER_MODEL, Timepiece, failure, live, partial
from tests.support.troubled import Troubled

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.engines.base import Key
from pressroom.worker.desk import Desk
from pressroom.worker.holdings import Holding, Holdings


class World:
    def __init__(self, slots: int = 4, look_ahead: int = 1) -> None:
        self.clock = Timepiece()
        self.plain_store: Any = MemoryJobStore(self.clock, lease_ms=LEASE_MS)
        self.store: Any = Troubled(self.plain_store)
        self.front = Front(self.plain_store)
        self.holdings = Holdings()
        self.begun: list[Holding] = []
        self.no_room: str | None = None
        self.slots_now = slots
        self.desk = Desk(
            self.store,
            self.holdings,
            worker="worker-1",
            pool="text",
            models=lambda: [live()],
            slots=slots,
            lease_ms=LEASE_MS,
            look_ahead=look_ahead,
            begin=self.begun.append,
            room=self,
            slots_now=lambda: self.slots_now,
        )

    def trouble(self) -> str | None:
        """The port ``Room``."""
        return self.no_room

    def submit(self, count: int, **changes: Any) -> None:
        for _ in range(count):
            self.clock.pass_ms(1)
            self.front.submit(**changes)

    def crash_twice(self) -> None:
        """Two crashes: the job runs alone from now on."""
        for _ in range(2):
            (claim,) = self.front.claim(worker="worker-9")
            self.plain_store.release(claim.held, failure(FailureKind.CRASH), partial(), RetryPolicy())


@pytest.fixture
def world() -> World:
    return World()


def test_a_turn_takes_all_free_slots_at_once(world: World) -> None:
    world.submit(20)

    world.desk.turn()

    assert len(world.begun) == 5
    assert world.store.calls == ["claim"]
    assert world.desk.free == 0


def test_a_turn_takes_what_there_is(world: World) -> None:
    world.submit(2)

    world.desk.turn()

    assert len(world.begun) == 2
    assert world.desk.free == 3


def test_a_full_desk_does_not_ask_the_database(world: World) -> None:
    world.submit(20)
    world.desk.turn()

    world.desk.turn()

    assert world.store.calls == ["claim"]


def test_a_full_engine_is_not_fed_before_half_of_the_look_ahead_is_used_up() -> None:
    world = World(slots=4, look_ahead=4)
    world.submit(20)
    world.desk.turn()
    assert len(world.begun) == 8

    asked = []
    for holding in world.begun[:3]:
        world.holdings.remove(Key(holding.claim.job.id, 1))
        world.desk.turn()
        asked.append(len(world.store.calls))

    assert asked == [1, 1, 2]
    assert len(world.begun) == 11
    assert world.desk.free == 0


def test_an_engine_that_is_not_full_is_fed_at_once() -> None:
    world = World(slots=4, look_ahead=4)
    world.submit(2)
    world.desk.turn()
    world.submit(1)

    world.desk.turn()

    assert len(world.begun) == 3


def test_an_engine_with_fewer_slots_for_a_while_gets_fewer_jobs(world: World) -> None:
    world.submit(20)
    world.slots_now = 2

    world.desk.turn()
    assert len(world.begun) == 3

    world.slots_now = 1
    assert world.desk.free == 0, "never below none"
    world.slots_now = 4
    world.desk.turn()
    assert len(world.begun) == 5


def test_a_slot_is_free_when_the_engine_is_done_with_it(world: World) -> None:
    world.submit(20)
    world.desk.turn()
    first = world.begun[0].claim
    world.holdings.left_engine(Key(first.job.id, first.attempt))

    world.desk.turn()

    assert len(world.begun) == 6
    assert len(world.holdings.held()) == 6


def test_while_ends_cannot_be_stored_no_more_is_claimed(world: World) -> None:
    world.submit(40)
    for _ in range(10):
        world.desk.turn()
        for holding in world.begun:
            world.holdings.left_engine(Key(holding.claim.job.id, holding.claim.attempt))

    assert len(world.begun) <= 4 * 3 + 5
    assert world.desk.free == 0


def test_a_job_of_several_texts_takes_several_slots(world: World) -> None:
    world.submit(1, params={"max_tokens": 10, "n": 5, "seed": 7})

    world.desk.turn()

    assert world.desk.free == 0


def test_where_jobs_take_several_slots_fewer_are_asked_for() -> None:
    world = World(slots=16, look_ahead=0)
    for _ in range(10):
        world.submit(4, params={"max_tokens": 10, "n": 4, "seed": 7})
        world.desk.turn()
        for holding in world.begun:
            world.holdings.remove(Key(holding.claim.job.id, holding.claim.attempt))
    world.begun.clear()
    world.submit(40, params={"max_tokens": 10, "n": 4, "seed": 7})

    world.desk.turn()

    assert sum(holding.weight for holding in world.begun) == 16


def test_only_jobs_of_its_pool_and_models_are_taken(world: World) -> None:
    world.submit(1, pool="image", kind="image")
    world.submit(1, model=OTHER_MODEL)

    world.desk.turn()

    assert world.begun == []


def test_a_job_that_must_run_alone_is_not_mixed_with_others(world: World) -> None:
    world.submit(1)
    world.crash_twice()
    world.submit(4)

    world.desk.turn()

    (holding,) = world.begun
    assert holding.claim.alone
    assert world.desk.free == 0

    world.holdings.remove(Key(holding.claim.job.id, holding.claim.attempt))
    world.desk.turn()
    assert len(world.begun) == 5


def test_a_database_that_is_away_is_asked_again_by_the_next_turn(world: World) -> None:
    world.submit(1)
    world.store.fail("claim", 2)

    for _ in range(3):
        world.desk.turn()

    assert len(world.begun) == 1


def test_a_closed_desk_claims_nothing(world: World) -> None:
    world.submit(1)

    world.desk.close()
    world.desk.turn()

    assert world.begun == []
    assert world.desk.free == 0
    assert world.desk.closed


def test_turns_at_once_are_one_claimer_and_none_is_lost() -> None:
    world = World(slots=64)
    inside, gate = threading.Event(), threading.Event()
    overlaps: list[int] = []
    active = 0
    claim = world.plain_store.claim

    def slow(**arguments: Any) -> Any:
        nonlocal active
        active += 1
        overlaps.append(active)
        inside.set()
        gate.wait(5)
        taken = claim(**arguments)
        active -= 1
        return taken

    world.plain_store.claim = slow
    first = threading.Thread(target=world.desk.turn)
    first.start()
    assert inside.wait(5)
    world.submit(3)  # after the first claim has looked, as far as anyone knows
    others = [threading.Thread(target=world.desk.turn) for _ in range(5)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join(5)  # they do not queue up before the desk
        assert not thread.is_alive()
    gate.set()
    first.join(5)

    assert max(overlaps) == 1
    assert len(overlaps) == 2
    assert len(world.begun) == 3


def test_closing_waits_for_a_claim_under_way(world: World) -> None:
    inside, gate, closed = threading.Event(), threading.Event(), threading.Event()
    claim = world.plain_store.claim

    def slow(**arguments: Any) -> Any:
        inside.set()
        gate.wait(5)
        return claim(**arguments)

    world.plain_store.claim = slow
    world.submit(1)
    turning = threading.Thread(target=world.desk.turn)
    turning.start()
    assert inside.wait(5)

    def close() -> None:
        world.desk.close()
        closed.set()

    closing = threading.Thread(target=close)
    closing.start()
    assert not closed.wait(0.02)

    gate.set()
    closing.join(5)
    turning.join(5)

    assert closed.is_set()
    assert len(world.begun) == 1


def test_without_room_nothing_is_claimed_and_what_runs_goes_on(world: World) -> None:
    world.submit(20)
    world.desk.turn()
    world.holdings.left_engine(Key(world.begun[0].claim.job.id, 1))
    world.no_room = "Only 3 MB are free."
    world.desk.turn()
    assert (len(world.begun), world.desk.free, world.desk.trouble) == (5, 0, "Only 3 MB are free.")
    assert len(world.holdings.held()) == 5
    world.no_room = None
    world.desk.turn()
    assert len(world.begun) == 6
