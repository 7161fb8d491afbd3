"""Cancel and erase: the database's word counts, the rest is removed as it can be."""

from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import failure, partial, picture, success
from tests.support.pictures import pictures_over
from tests.support.troubled import Troubled, without_artifacts, without_redis

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryEventLog, MemoryNudges, MemoryResultCache
from pressroom.adapters.memory.uploads import MemoryUploadStore
from pressroom.contract.events import End, Started
from pressroom.domain.errors import DatabaseUnavailable, JobErased, JobUnknown, OutputUnknown
from pressroom.domain.job import Job
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.ports import Numbered
from pressroom.jobs.withdraw import Withdrawer


class World:
    def __init__(self) -> None:
        self.plain_store = MemoryJobStore()
        self.store: Any = Troubled(self.plain_store)
        self.cache: Any = without_redis(MemoryResultCache())
        self.events: Any = without_redis(MemoryEventLog())
        self.artifacts: Any = without_artifacts(MemoryArtifacts())
        self.nudges: Any = without_redis(MemoryNudges())
        self.nudged: list[frozenset[str]] = []
        self.nudges.listener(self.nudged.append).start()
        self.nudged.clear()
        self.uploads = MemoryUploadStore()
        self.withdrawer = Withdrawer(
            self.store,
            self.cache,
            self.events,
            self.artifacts,
            self.nudges,
            pictures_over(self.store, self.artifacts, self.uploads),
        )
        self.desk = Desk(self.plain_store)

    def painted(self) -> Job:
        """A finished job that has left traces everywhere."""
        claim = self.desk.running()
        output = picture(0, claim.job.id, 1)
        assert output.artifact is not None
        self.artifacts.put(output.artifact, b"picture", "image/png")
        self.plain_store.complete(claim.held, success(output))
        job = self.plain_store.job("acme", claim.job.id)
        self.cache.put(job, 60)
        self.events.append([Numbered(job.id, 1, 1, Started(attempt=1))])
        return job

    def traces(self, job: Job) -> list[str]:
        found = []
        if self.cache.get("acme", job.id) is not None:
            found.append("cache")
        if self.events.read({job.id: (0, 0)}, 0):
            found.append("events")
        try:
            self.artifacts.get(job.outputs[0].artifact)
            found.append("artifacts")
        except OutputUnknown:
            pass
        return found


@pytest.fixture
def world() -> World:
    return World()


def test_a_queued_job_is_canceled_at_once(world: World) -> None:
    job = world.desk.submit()
    assert world.withdrawer.cancel("acme", job.id).state is State.CANCELED


def test_a_running_job_is_told_to_stop(world: World) -> None:
    claim = world.desk.running()
    job = world.withdrawer.cancel("acme", claim.job.id)
    assert (job.state, job.cancel_requested) == (State.RUNNING, True)


def test_its_worker_is_nudged_once_the_database_knows(world: World) -> None:
    claim = world.desk.running()
    world.withdrawer.cancel("acme", claim.job.id)
    assert world.nudged == [frozenset({claim.job.id})]
    world.store.fail("cancel")
    with pytest.raises(DatabaseUnavailable):
        world.withdrawer.cancel("acme", world.desk.running().job.id)
    assert len(world.nudged) == 1


def test_the_worker_of_an_erased_job_is_nudged_too(world: World) -> None:
    claim = world.desk.running()
    world.withdrawer.erase("acme", claim.job.id)
    assert world.nudged == [frozenset({claim.job.id})]


@pytest.mark.parametrize("call", ["cancel", "erase"])
def test_a_nudge_that_is_lost_harms_nothing(world: World, call: str) -> None:
    claim = world.desk.running()
    world.nudges.fail("send")
    getattr(world.withdrawer, call)("acme", claim.job.id)
    assert world.nudged == []


def test_followers_of_a_queued_job_are_told_its_end(world: World) -> None:
    never_ran = world.desk.submit()
    world.withdrawer.cancel("acme", never_ran.id)
    tried = world.desk.running()
    world.plain_store.release(tried.held, failure(), partial(), RetryPolicy())
    world.events.append([Numbered(tried.job.id, 1, 1, Started(attempt=1))])
    world.withdrawer.cancel("acme", tried.job.id)
    end = End(status="canceled", finish_reason="canceled")
    assert world.events.read({never_ran.id: (0, 0)}, 0) == {never_ran.id: [Numbered(never_ran.id, 0, 1, end)]}
    (told,) = world.events.read({tried.job.id: (1, 1)}, 0)[tried.job.id]
    assert (told.attempt, told.event) == (1, end)
    assert world.nudged == [], "no worker has them"


def test_without_redis_a_queued_job_is_canceled_all_the_same(world: World) -> None:
    world.events.fail("append")
    assert world.withdrawer.cancel("acme", world.desk.submit().id).state is State.CANCELED


def test_a_finished_job_stays_as_it_is(world: World) -> None:
    job = world.painted()
    assert world.withdrawer.cancel("acme", job.id) == job


def test_erasing_removes_every_trace(world: World) -> None:
    job = world.painted()
    assert world.traces(job) == ["cache", "events", "artifacts"]
    world.withdrawer.erase("acme", job.id)
    assert world.traces(job) == []
    with pytest.raises(JobErased):
        world.withdrawer.erase("acme", job.id)


@pytest.mark.parametrize("broken", ["cache", "events", "artifacts"])
def test_one_store_away_keeps_the_others_from_nothing(world: World, broken: str) -> None:
    job = world.painted()
    getattr(world, broken).fail("erase", times=None)
    world.withdrawer.erase("acme", job.id)
    assert world.traces(job) == [broken]
    with pytest.raises(JobErased):
        world.plain_store.job("acme", job.id)


def test_without_the_database_nothing_is_removed(world: World) -> None:
    job = world.painted()
    world.store.fail("erase")
    with pytest.raises(DatabaseUnavailable):
        world.withdrawer.erase("acme", job.id)
    assert world.traces(job) == ["cache", "events", "artifacts"]


@pytest.mark.parametrize("call", ["cancel", "erase"])
def test_another_tenants_job_is_unknown_and_untouched(world: World, call: str) -> None:
    job = world.painted()
    with pytest.raises(JobUnknown):
        getattr(world.withdrawer, call)("globex", job.id)
    assert world.traces(job) == ["cache", "events", "artifacts"]


@pytest.mark.parametrize("call", ["cancel", "erase"])
@pytest.mark.parametrize("bad", ["", "job_\0", "nonsense"])
def test_what_is_no_id_is_not_even_looked_up(world: World, call: str, bad: str) -> None:
    with pytest.raises(JobUnknown):
        getattr(world.withdrawer, call)("acme", bad)
    assert world.store.calls == []
