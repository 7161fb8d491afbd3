"""Heartbeat: keeps leases while the engine lives, hears cancels, ends a stuck process."""

import threading
from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, card
from tests.support.troubled import Troubled

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.domain.job import Claim
from pressroom.domain.retry import RetryPolicy
from pressroom.engines.base import Ending, Key
from pressroom.worker.heartbeat import Heartbeat
from pressroom.worker.holdings import Abandoned, Holdings
from pressroom.worker.loop import Pulse


class World:
    def __init__(self) -> None:
        self.clock = Timepiece()
        self.plain_store: Any = MemoryJobStore(self.clock, lease_ms=LEASE_MS)
        self.store: Any = Troubled(self.plain_store)
        self.desk = Desk(self.plain_store)
        self.holdings = Holdings()
        self.pulse = Pulse(0, idle=True)
        self.card = card()
        self.ended: list[tuple[Key, Ending]] = []
        self.stuck: list[float] = []
        self.an_end = threading.Event()
        self.heartbeat = self._heartbeat(1.0)

    def _heartbeat(self, beat_s: float) -> Heartbeat:
        def end(key: Key, ending: Ending) -> None:
            self.ended.append((key, ending))
            self.an_end.set()

        return Heartbeat(
            self.store,
            self.holdings,
            worker="worker-1",
            lease_ms=LEASE_MS,
            beat_s=beat_s,
            announce_s=5.0,
            stuck_s=60.0,
            pulse=lambda: self.pulse,
            card=lambda: self.card,
            end=end,
            on_stuck=self.stuck.append,
            clock=self.clock.seconds,
        )

    def slow_heartbeat(self) -> Heartbeat:
        """One whose beats are too far apart to be waited for."""
        return self._heartbeat(600.0)

    def hold(self) -> Claim:
        claim = self.desk.running()
        self.holdings.add(claim, 1)
        return claim

    def beat(self, steps: int | None = None) -> None:
        """A second passes, the engine has made ``steps`` in all (None: it is idle), and it beats."""
        self.clock.pass_ms(1_000)
        self.pulse = Pulse(0, idle=True) if steps is None else Pulse(steps, idle=False)
        self.heartbeat.beat()


@pytest.fixture
def world() -> World:
    return World()


def key_of(claim: Claim) -> Key:
    return Key(claim.job.id, claim.attempt)


def test_a_lease_lives_as_long_as_the_engine_moves(world: World) -> None:
    world.hold()

    for steps in range(1, 200):
        world.beat(steps)

    assert world.plain_store.reap(RetryPolicy()).requeued == ()


def test_an_idle_engine_keeps_what_is_being_finished(world: World) -> None:
    world.hold()

    for _ in range(200):
        world.beat()

    assert world.plain_store.reap(RetryPolicy()).requeued == ()
    assert world.stuck == []


def test_an_engine_that_stands_still_loses_its_leases_and_its_process(world: World) -> None:
    claim = world.hold()
    world.beat(7)

    for _ in range(59):
        world.beat(7)
    assert world.stuck == []
    assert world.store.calls.count("renew") == 1

    world.beat(7)
    assert world.stuck == [60.0]
    assert world.plain_store.reap(RetryPolicy()).requeued == (claim.job.id,)


def test_an_engine_that_moves_again_is_not_stuck(world: World) -> None:
    world.hold()
    for steps in (1, 2):
        for _ in range(50):
            world.beat(steps)

    assert world.stuck == []


def test_a_cancel_reaches_the_engine_with_the_next_beat(world: World) -> None:
    claim = world.hold()
    world.plain_store.cancel("acme", claim.job.id)

    world.beat(1)

    assert world.ended == [(key_of(claim), Ending.CANCELED)]


def test_a_lost_lease_takes_the_job_out_of_the_batch(world: World) -> None:
    claim = world.hold()
    world.clock.pass_ms(LEASE_MS + 1)
    world.plain_store.reap(RetryPolicy())

    world.beat(1)

    holding = world.holdings.get(key_of(claim))
    assert holding is not None
    assert holding.abandoned is Abandoned.LOST
    assert world.ended == [(key_of(claim), Ending.ABANDONED)]


def test_a_job_whose_end_was_just_stored_is_not_lost(world: World) -> None:
    claim = world.hold()
    renew = world.plain_store.renew

    def end_in_between(*arguments: Any) -> Any:
        world.plain_store.erase("acme", claim.job.id)
        renewal = renew(*arguments)
        world.holdings.remove(key_of(claim))
        return renewal

    world.plain_store.renew = end_in_between

    world.beat(1)

    assert world.ended == []


def test_nothing_held_means_nothing_to_renew(world: World) -> None:
    world.beat()

    assert "renew" not in world.store.calls


def test_the_workers_row_is_refreshed_when_due_and_when_it_changed(world: World) -> None:
    world.beat()
    assert world.store.calls.count("announce") == 1
    for _ in range(4):
        world.beat()
    assert world.store.calls.count("announce") == 1
    world.beat()
    assert world.store.calls.count("announce") == 2

    world.card = card(free=0)
    world.beat()
    assert world.store.calls.count("announce") == 3


def test_an_outage_of_the_database_is_survived(world: World) -> None:
    claim = world.hold()
    world.store.fail("renew", 3)

    for steps in range(1, 5):
        world.beat(steps)

    assert world.plain_store.reap(RetryPolicy()).requeued == ()
    assert world.holdings.get(key_of(claim)) is not None


def test_the_thread_beats_by_itself_and_stops(world: World) -> None:
    world.heartbeat.start()
    while "announce" not in world.store.calls:
        world.holdings.wait_empty(0.001)

    world.heartbeat.stop()
    calls = len(world.store.calls)

    assert len(world.store.calls) == calls


def _ask_to_end(world: World, claim: Claim) -> None:
    world.plain_store.cancel("acme", claim.job.id)


def test_a_nudge_is_a_look_out_of_its_rhythm(world: World) -> None:
    slow = world.slow_heartbeat()
    mine, other = world.hold(), world.hold()
    slow.start()
    try:
        _ask_to_end(world, mine)
        slow.nudge(frozenset({"job_of_another_worker"}))
        slow.nudge(frozenset({mine.job.id, "job_of_another_worker"}))
        assert world.an_end.wait(5)
        assert world.ended == [(key_of(mine), Ending.CANCELED)]
        world.an_end.clear()
        _ask_to_end(world, other)
        slow.nudge(frozenset())
        assert world.an_end.wait(5)
        assert (key_of(other), Ending.CANCELED) in world.ended
    finally:
        slow.stop()


def test_what_concerns_others_costs_nothing(world: World) -> None:
    slow = world.slow_heartbeat()
    world.hold()
    slow.start()
    for n in range(1_000):
        slow.nudge(frozenset({f"job_{n}"}))
    slow.stop()
    assert "renew" not in world.store.calls


def test_an_erased_job_is_lost_at_the_look(world: World) -> None:
    claim = world.hold()
    world.plain_store.erase("acme", claim.job.id)
    world.heartbeat.look()
    assert world.ended == [(key_of(claim), Ending.ABANDONED)]


def test_a_look_without_the_database_is_made_up_for_by_the_next_beat(world: World) -> None:
    claim = world.hold()
    _ask_to_end(world, claim)
    world.store.fail("renew")
    world.heartbeat.look()
    assert world.ended == []
    world.beat()
    assert world.ended == [(key_of(claim), Ending.CANCELED)]


def test_looks_do_not_hide_that_the_engine_stands_still(world: World) -> None:
    world.hold()
    world.beat(1)
    for _ in range(60):
        world.heartbeat.look()
        world.beat(1)
    assert world.stuck


def test_a_process_that_was_frozen_does_not_take_its_engine_for_stuck(world: World) -> None:
    world.hold()
    world.beat(1)
    world.clock.pass_ms(600_000)  # SIGSTOP, and SIGCONT: the heartbeat wakes up before the engine has stepped
    world.beat(1)
    assert not world.stuck
    world.beat(2)
    for _ in range(59):
        world.beat(2)
    assert not world.stuck
    world.beat(2)
    assert world.stuck, "and one that stands still is seen all the same"
