"""Finisher: whatever happens, a claim leaves the hand once and its slot is offered again."""

from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece
from tests.support.scripted import Gathered
from tests.support.troubled import Troubled

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryResultCache
from pressroom.domain.job import Claim, Usage
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.engines.base import Ending, Key, Outcome, TextOutput
from pressroom.jobs.attempts import Attempts
from pressroom.worker.attempt import abandoned, unreadable
from pressroom.worker.finisher import Finisher
from pressroom.worker.holdings import Abandoned, Holdings


class World:
    def __init__(self) -> None:
        self.plain_store = MemoryJobStore(Timepiece(), lease_ms=LEASE_MS)
        self.store: Any = Troubled(self.plain_store)
        self.front = Desk(self.plain_store)
        self.holdings = Holdings()
        self.done, self.forgotten, self.ends = Gathered(), Gathered(), Gathered()
        attempts = Attempts(
            self.store,
            MemoryArtifacts(),
            MemoryResultCache(),
            policy=RetryPolicy(),
            cache_ttl_s=60,
            ended=lambda held, end, keep_s: self.ends((held, end)),
            pause=lambda seconds: False,
        )
        self.finisher = Finisher(
            self.holdings, attempts, done=lambda: self.done(None), forget=self.forgotten, threads=1
        )

    def hold(self) -> Claim:
        claim = self.front.running()
        self.holdings.add(claim, 1)
        return claim

    def state(self, claim: Claim) -> State:
        return self.plain_store.job("acme", claim.job.id).state


@pytest.fixture
def world() -> World:
    return World()


def outcome(claim: Claim, ending: Ending = Ending.DONE) -> Outcome:
    return Outcome(Key(claim.job.id, claim.attempt), ending, (TextOutput(0, "A", 1, "stop"),))


def test_an_outcome_is_stored_and_the_claim_let_go(world: World) -> None:
    claim = world.hold()

    world.finisher.finish(outcome(claim))
    world.done.wait(1)

    assert world.state(claim) is State.SUCCEEDED
    assert world.holdings.held() == []
    assert len(world.forgotten.items) == len(world.ends.items) == 1


def test_an_outcome_of_nothing_held_is_passed_over(world: World) -> None:
    claim = world.front.running()

    world.finisher.finish(outcome(claim))
    world.finisher.finish(outcome(world.hold()))
    world.done.wait(1)

    assert world.state(claim) is State.RUNNING


def test_a_lost_job_is_let_go_without_a_word_to_the_database(world: World) -> None:
    claim = world.hold()
    world.holdings.abandon(Key(claim.job.id, 1), Abandoned.LOST)

    world.finisher.finish(outcome(claim, Ending.ABANDONED))
    world.done.wait(1)

    assert world.store.calls == []
    assert world.holdings.held() == []


def test_a_database_that_stays_away_leaves_the_job_to_its_lease(world: World) -> None:
    claim = world.hold()
    world.store.fail("complete", None)

    world.finisher.finish(outcome(claim))
    world.done.wait(1)

    assert world.state(claim) is State.RUNNING
    assert world.holdings.held() == []
    assert world.ends.items == []


def test_an_outcome_of_no_use_is_an_error_of_the_attempt(world: World) -> None:
    claim = world.hold()
    broken = Outcome(Key(claim.job.id, 1), Ending.DONE, texts=(TextOutput(0, "\ud800", 1, "stop"),))

    world.finisher.finish(broken)
    world.done.wait(1)

    job = world.plain_store.job("acme", claim.job.id)
    assert (job.state, job.errors) == (State.QUEUED, 1)


def test_a_bug_in_the_store_does_not_keep_the_claim(world: World) -> None:
    claim = world.hold()
    world.store._error = KeyError
    world.store.fail("complete")

    world.finisher.finish(outcome(claim))
    world.done.wait(1)

    assert world.holdings.held() == []


def test_a_job_that_cannot_be_read_fails_for_good(world: World) -> None:
    claim = world.hold()
    holding = world.holdings.get(Key(claim.job.id, 1))
    assert holding is not None

    world.finisher.refuse(holding, unreadable(ValueError("max_tokens")))
    world.done.wait(1)

    job = world.plain_store.job("acme", claim.job.id)
    assert (job.state, job.error_code) == (State.FAILED, "job_unreadable")


def test_after_stop_an_outcome_is_left_to_its_lease_and_the_engine_hears_no_refusal(world: World) -> None:
    claim = world.hold()
    world.finisher.stop()

    world.finisher.finish(outcome(claim))

    assert world.state(claim) is State.RUNNING
    assert [held.job_id for held in world.holdings.held()] == [claim.job.id]
    assert world.done.items == []


def test_an_attempt_that_was_closed_without_its_engine_is_closed_once(world: World) -> None:
    claim, next_one = world.hold(), world.hold()
    key = Key(claim.job.id, 1)
    world.holdings.abandon(key, Abandoned.DRAIN)

    world.finisher.close_now(key, lambda held: abandoned(held.claim, held.abandoned, Usage()))
    world.finisher.finish(outcome(claim))
    world.finisher.finish(outcome(next_one))
    world.done.wait(2)

    job = world.plain_store.job("acme", claim.job.id)
    assert (job.state, job.errors, job.crashes) == (State.QUEUED, 0, 0)
    assert world.state(next_one) is State.SUCCEEDED
    assert [call for call in world.store.calls if call != "job"] == ["release", "complete"]
