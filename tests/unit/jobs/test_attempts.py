"""The end of an attempt: order, fencing, lost answers, outages."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, failure, partial, picture, success, text_output
from tests.support.troubled import Troubled, without_artifacts, without_redis

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryResultCache
from pressroom.contract.events import End
from pressroom.domain.errors import DatabaseUnavailable, OutputUnknown
from pressroom.domain.job import Claim, Held
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.attempts import Attempts, Result
from pressroom.jobs.packs import Content


@dataclass
class World:
    """Everything an attempt touches, with trouble to order."""

    clock: Timepiece = field(default_factory=Timepiece)
    told: list[tuple[Held, End]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    patience: float = float("inf")

    def __post_init__(self) -> None:
        self.plain_store = MemoryJobStore(self.clock, lease_ms=LEASE_MS)
        self.store: Any = Troubled(self.plain_store)
        self.artifacts: Any = without_artifacts(MemoryArtifacts())
        self.cache: Any = without_redis(MemoryResultCache())
        self.desk = Desk(self.plain_store)
        self.attempts = Attempts(
            self.store,
            self.artifacts,
            self.cache,
            policy=RetryPolicy(),
            cache_ttl_s=60,
            ended=lambda held, end, keep_s: self.told.append((held, end)),
            pause=self._pause,
        )

    def _pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return sum(self.pauses) <= self.patience

    def state(self, claim: Claim) -> State:
        return self.plain_store.job("acme", claim.job.id).state

    def cached(self, claim: Claim) -> Any:
        return self.cache.get("acme", claim.job.id)

    def has(self, path: str) -> bool:
        self.artifacts.well()
        try:
            self.artifacts.get(path)
        except OutputUnknown:
            return False
        return True


@pytest.fixture
def world() -> World:
    return World()


def drawn(claim: Claim) -> Result:
    """A picture and its bytes."""
    output = picture(0, claim.job.id, claim.attempt)
    assert output.artifact is not None
    return Result(success(output), (Content(output.artifact, b"png", "image/png"),))


def taken_over(world: World) -> Claim:
    """A claim whose lease ran out, and whose job another worker has begun."""
    claim = world.desk.running()
    world.clock.pass_ms(LEASE_MS + 1)
    world.plain_store.reap(RetryPolicy())
    world.clock.pass_ms(1)
    world.desk.claim(worker="worker-2")
    return claim


# -- success -----------------------------------------------------------------------------------
def test_a_success_is_stored_cached_and_told(world: World) -> None:
    claim = world.desk.running()

    state = world.attempts.complete(claim, Result(success()))

    assert state is State.SUCCEEDED
    assert world.cached(claim) == world.plain_store.job("acme", claim.job.id)
    assert world.told == [(claim.held, End(status="succeeded", finish_reason="stop"))]


def test_artifacts_are_there_before_the_commit(world: World) -> None:
    claim = world.desk.running()
    result = drawn(claim)
    world.store.fail("complete", None)
    world.patience = 0

    with pytest.raises(DatabaseUnavailable):
        world.attempts.complete(claim, result)

    assert world.has(result.contents[0].path)
    assert world.state(claim) is State.RUNNING
    assert world.told == []


def test_artifacts_of_an_earlier_attempt_are_tidied_away(world: World) -> None:
    claim = taken_over(world)
    second = Claim(world.plain_store.job("acme", claim.job.id), 2)
    world.artifacts.put(f"{claim.job.id}/1/0.png", b"old", "image/png")

    world.attempts.complete(second, drawn(second))

    assert not world.has(f"{claim.job.id}/1/0.png")
    assert world.has(f"{claim.job.id}/2/0.png")


# -- fencing -----------------------------------------------------------------------------------
def test_a_fenced_attempt_stores_tells_and_leaves_nothing(world: World) -> None:
    claim = taken_over(world)
    result = drawn(claim)

    assert world.attempts.complete(claim, result) is None

    assert world.state(claim) is State.RUNNING
    assert world.cached(claim) is None
    assert world.told == []
    assert not world.has(result.contents[0].path)


def test_a_fenced_attempt_does_not_touch_the_artifacts_of_the_next(world: World) -> None:
    claim = taken_over(world)
    world.artifacts.put(f"{claim.job.id}/2/0.png", b"new", "image/png")

    world.attempts.complete(claim, drawn(claim))

    assert world.has(f"{claim.job.id}/2/0.png")


def test_an_erased_job_takes_no_result(world: World) -> None:
    claim = world.desk.running()
    world.plain_store.erase("acme", claim.job.id)
    result = drawn(claim)

    assert world.attempts.complete(claim, result) is None

    assert not world.has(result.contents[0].path)
    assert world.cached(claim) is None


# -- the database goes away --------------------------------------------------------------------
def test_a_lost_answer_to_a_commit_that_happened_is_no_fence(world: World) -> None:
    claim = world.desk.running()
    world.store.lose_answer("complete")

    assert world.attempts.complete(claim, Result(success())) is State.SUCCEEDED

    assert world.store.calls.count("complete") == 1
    assert [end.status for _, end in world.told] == ["succeeded"]
    assert world.cached(claim) is not None


def test_a_commit_that_did_not_happen_is_done_again(world: World) -> None:
    claim = world.desk.running()
    world.store.fail("complete", 3)

    assert world.attempts.complete(claim, Result(success())) is State.SUCCEEDED

    assert world.store.calls.count("complete") == 4
    assert len(world.told) == 1


def test_an_outage_is_waited_for_with_growing_pauses(world: World) -> None:
    claim = world.desk.running()
    world.store.fail("complete", 1)
    world.store.fail("job", 5)

    assert world.attempts.complete(claim, Result(success())) is State.SUCCEEDED

    assert world.pauses == sorted(world.pauses)
    assert world.pauses[-1] > world.pauses[0]
    assert max(world.pauses) <= 5.0


def test_a_lost_answer_to_a_commit_that_came_too_late_is_a_fence(world: World) -> None:
    claim = taken_over(world)
    world.store.fail("complete")

    assert world.attempts.complete(claim, Result(success())) is None
    assert world.told == []


def test_a_success_of_the_next_attempt_is_not_ours(world: World) -> None:
    claim = taken_over(world)
    world.plain_store.complete(Held(claim.job.id, 2), success())
    world.store.fail("complete")

    assert world.attempts.complete(claim, Result(success())) is None
    assert world.told == []


def test_what_another_stored_under_the_same_attempt_is_not_ours(world: World) -> None:
    claim = world.desk.running()
    world.store.fail("complete")
    world.plain_store.cancel("acme", claim.job.id)
    world.clock.pass_ms(LEASE_MS + 1)
    world.plain_store.reap(RetryPolicy())
    assert world.state(claim) is State.CANCELED

    assert world.attempts.complete(claim, Result(success())) is None


def test_a_job_erased_during_an_outage_is_a_fence(world: World) -> None:
    claim = world.desk.running()
    world.store.fail("complete")
    world.plain_store.erase("acme", claim.job.id)

    assert world.attempts.complete(claim, Result(success())) is None


def test_a_process_that_cannot_wait_gives_up_aloud(world: World) -> None:
    claim = world.desk.running()
    world.store.fail("complete", None)
    world.store.fail("job", None)
    world.patience = 1.0

    with pytest.raises(DatabaseUnavailable):
        world.attempts.complete(claim, Result(success()))


# -- the others go away ------------------------------------------------------------------------
def test_without_the_cache_the_end_is_told_all_the_same(world: World) -> None:
    claim = world.desk.running()
    world.cache.fail("put")

    assert world.attempts.complete(claim, Result(success())) is State.SUCCEEDED
    assert len(world.told) == 1


def test_a_cache_that_failed_is_left_alone_for_a_while(world: World) -> None:
    world.cache.fail("put", None)
    for _ in range(3):
        world.attempts.complete(world.desk.running(), Result(success()))

    assert world.cache.calls.count("put") == 1


def test_an_artifact_store_that_comes_back_is_waited_for(world: World) -> None:
    claim = world.desk.running()
    world.artifacts.fail("put", 3)

    assert world.attempts.complete(claim, drawn(claim)) is State.SUCCEEDED


def test_an_artifact_store_that_stays_away_makes_it_an_error(world: World) -> None:
    claim = world.desk.running()
    world.artifacts.fail("put", None)

    assert world.attempts.complete(claim, drawn(claim)) is State.QUEUED

    job = world.plain_store.job("acme", claim.job.id)
    assert job.errors == 1
    assert job.outputs == ()
    assert world.told == []


# -- without a result --------------------------------------------------------------------------
def test_a_drained_job_goes_back_for_free_and_nobody_hears_an_end(world: World) -> None:
    claim = world.desk.running()

    state = world.attempts.release(claim, failure(FailureKind.DRAIN), Result(partial()))

    job = world.plain_store.job("acme", claim.job.id)
    assert state is State.QUEUED
    assert (job.errors, job.crashes) == (0, 0)
    assert world.told == []


def test_a_permanent_failure_keeps_the_partial_text(world: World) -> None:
    claim = world.desk.running()

    state = world.attempts.release(
        claim, failure(FailureKind.PERMANENT), Result(partial(text_output(0, "A mug, and")))
    )

    job = world.plain_store.job("acme", claim.job.id)
    assert state is State.FAILED
    assert [output.text for output in job.outputs] == ["A mug, and"]
    assert world.cached(claim) == job
    assert [end.status for _, end in world.told] == ["failed"]


def test_a_lost_answer_to_a_release_is_not_done_twice(world: World) -> None:
    claim = world.desk.running()
    world.store.lose_answer("release")

    assert world.attempts.release(claim, failure(), Result(partial())) is State.QUEUED
    assert world.plain_store.job("acme", claim.job.id).errors == 1


def test_a_fenced_release_is_none(world: World) -> None:
    claim = taken_over(world)

    assert world.attempts.release(claim, failure(), Result(partial())) is None
    assert world.state(claim) is State.RUNNING
    assert world.told == []


def test_partial_pictures_that_cannot_be_kept_are_left_out(world: World) -> None:
    claim = world.desk.running()
    world.artifacts.fail("put", None)
    result = drawn(claim)
    gone = Result(partial(*result.completion.outputs), result.contents)

    assert world.attempts.release(claim, failure(FailureKind.PERMANENT), gone) is State.FAILED
    assert world.plain_store.job("acme", claim.job.id).outputs == ()
