"""Fetching: the cache first, then the database; nobody sees another tenant's job."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import MODEL, card, live, picture, success, text_output
from tests.support.pictures import pictures_over
from tests.support.troubled import Troubled, without_redis

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryEventLog, MemoryNudges, MemoryResultCache
from pressroom.domain.errors import DatabaseUnavailable, JobErased, JobUnknown, OutputUnknown
from pressroom.domain.ids import new_id
from pressroom.domain.job import Job
from pressroom.domain.states import State
from pressroom.jobs.fetch import Fetcher
from pressroom.jobs.withdraw import Withdrawer


class World:
    def __init__(self) -> None:
        self.plain_store = MemoryJobStore()
        self.store: Any = Troubled(self.plain_store)
        self.cache: Any = without_redis(MemoryResultCache())
        self.artifacts = MemoryArtifacts()
        self.fetcher = Fetcher(self.store, self.cache, self.artifacts)
        self.desk = Desk(self.plain_store)

    def finished(self, *outputs: Any) -> Job:
        claim = self.desk.running()
        assert self.plain_store.complete(claim.held, success(*outputs))
        return self.plain_store.job("acme", claim.job.id)


@pytest.fixture
def world() -> World:
    return World()


def test_a_cached_job_is_found_without_the_database(world: World) -> None:
    job = world.finished()
    world.cache.put(job, 60)
    world.store.fail("job", times=None)
    assert world.fetcher.job("acme", job.id) == job


def test_a_job_that_is_not_cached_comes_from_the_database(world: World) -> None:
    job = world.finished()
    assert world.fetcher.job("acme", job.id) == job


def test_redis_down_is_passed_over(world: World) -> None:
    job = world.finished()
    world.cache.fail("get", times=None)
    assert world.fetcher.job("acme", job.id) == job


def test_with_both_away_the_database_is_what_is_missing(world: World) -> None:
    job = world.finished()
    world.cache.fail("get", times=None)
    world.store.fail("job", times=None)
    with pytest.raises(DatabaseUnavailable):
        world.fetcher.job("acme", job.id)


def test_another_tenants_job_is_unknown_cached_or_not(world: World) -> None:
    job = world.finished()
    with pytest.raises(JobUnknown):
        world.fetcher.job("globex", job.id)
    world.cache.put(job, 60)
    with pytest.raises(JobUnknown):
        world.fetcher.job("globex", job.id)


@pytest.mark.parametrize(
    "bad", ["", "x", "job_", "job_\0", "job_" + "g" * 32, "key_" + "0" * 32, "ü", "job_" + "0" * 33]
)
def test_what_is_no_id_is_not_even_looked_up(world: World, bad: str) -> None:
    with pytest.raises(JobUnknown):
        world.fetcher.job("acme", bad)
    assert world.store.calls == []
    assert world.cache.calls == []


def test_an_unknown_id_is_unknown(world: World) -> None:
    with pytest.raises(JobUnknown):
        world.fetcher.job("acme", new_id("job"))


def test_an_erased_job_says_so(world: World) -> None:
    job = world.finished()
    world.plain_store.erase("acme", job.id)
    with pytest.raises(JobErased):
        world.fetcher.job("acme", job.id)


def test_only_a_queued_job_waits(world: World) -> None:
    assert world.fetcher.waiting(world.finished()) is None
    waiting = world.fetcher.waiting(world.desk.submit())
    assert waiting is not None
    assert waiting.position == 1


def test_the_workers_of_a_page_are_asked_for_once(world: World) -> None:
    world.plain_store.announce(card())
    done = world.finished()
    jobs = [world.desk.submit() for _ in range(3)]
    found = world.fetcher.workers([*jobs, done])
    assert found.keys() == {job.id for job in jobs}
    assert {waiting.live_workers for waiting in found.values()} == {1}
    assert world.store.calls == ["live_models"]
    assert world.fetcher.workers([]) == {}


def test_a_worker_counts_for_the_weights_that_it_runs_in_a_page_as_for_one_job(world: World) -> None:
    world.plain_store.announce(card(models=(live(replace(MODEL, version="another")),)))
    job = world.desk.submit()
    alone = world.fetcher.waiting(job)
    assert alone is not None
    assert alone.live_workers == world.fetcher.workers([job])[job.id].live_workers == 1


def test_a_page_is_passed_on(world: World) -> None:
    job = world.finished()
    world.desk.submit()
    page = world.fetcher.page("acme", states=[State.SUCCEEDED])
    assert [found.id for found in page.jobs] == [job.id]


# -- outputs -----------------------------------------------------------------------------------


def test_text_is_bytes_in_utf_8(world: World) -> None:
    job = world.finished(text_output(text="Tässchen 🥐"))
    output = world.fetcher.output("acme", job.id, 0)
    assert world.fetcher.content(output).decode() == "Tässchen 🥐"
    assert world.fetcher.content(output, 1, 3).decode() == "ä"


def test_a_picture_comes_from_the_artifact_store_in_ranges(world: World) -> None:
    claim = world.desk.running()
    output = picture(0, claim.job.id, 1)
    assert output.artifact is not None
    world.artifacts.put(output.artifact, b"0123456789", "image/png")
    world.plain_store.complete(claim.held, success(output))
    found = world.fetcher.output("acme", claim.job.id, 0)
    assert world.fetcher.content(found) == b"0123456789"
    assert world.fetcher.content(found, 2, 4) == b"23"


def test_an_output_that_is_not_there_says_how_many_are(world: World) -> None:
    with pytest.raises(OutputUnknown, match="It has 1"):
        world.fetcher.output("acme", world.finished().id, 1)
    with pytest.raises(OutputUnknown, match="not ended"):
        world.fetcher.output("acme", world.desk.submit().id, 0)


def test_an_erased_jobs_outputs_are_gone_from_the_cache_too(world: World) -> None:
    job = world.finished()
    world.cache.put(job, 60)
    Withdrawer(
        world.plain_store,
        world.cache,
        MemoryEventLog(),
        world.artifacts,
        MemoryNudges(),
        pictures_over(world.plain_store),
    ).erase("acme", job.id)
    with pytest.raises(JobErased):
        world.fetcher.output("acme", job.id, 0)


@pytest.mark.parametrize("policy", [{"result_ttl_s": 60}, {"result_ttl_s": 3_600, "prompt_ttl_s": 60}])
def test_a_copy_that_outlives_its_time_is_passed_over(world: World, policy: dict[str, int]) -> None:
    now = [0]
    fetcher = Fetcher(world.store, world.cache, world.artifacts, lambda: now[0])
    claim = world.desk.running(**policy)
    world.plain_store.complete(claim.held, success())
    job = world.plain_store.job("acme", claim.job.id)
    world.cache.put(job, 3_600)
    assert job.finished_at is not None
    for now[0], from_database in ((job.finished_at + 59_999, 0), (job.finished_at + 60_000, 1)):
        world.store.calls.clear()
        assert fetcher.job("acme", job.id).id == job.id
        assert len(world.store.calls) == from_database
