"""Requeues and dead letters: what holds in memory, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, failure, partial, success

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.requeues import MemoryRequeueStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.requeues import SqlRequeueStore
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.submitting import Admission
from pressroom.domain.ending import WORKER_LOST
from pressroom.domain.errors import JobErased, JobUnknown, NotRequeueable, QueueFull
from pressroom.domain.ids import new_id
from pressroom.domain.job import Job
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.ports import QueueLimits, Submitted
from pressroom.jobs.requeue import RequeueStore

POLICY = RetryPolicy()


@dataclass
class World:
    desk: Desk
    requeues: RequeueStore
    clock: Timepiece

    def failed(self, **changes: object) -> Job:
        claim = self.desk.running(**changes)
        self.desk.store.release(claim.held, failure(FailureKind.PERMANENT), partial(), POLICY)
        return self.desk.store.job(claim.job.tenant, claim.job.id)

    def dead(self, tenant: str = "acme") -> Job:
        """One that ended three attempts as crashes do, the last of them alone."""
        job = self.desk.submit(tenant)
        for _ in range(3):
            (claim,) = self.desk.claim()
            self.desk.store.release(claim.held, WORKER_LOST, partial(), POLICY)
            self.clock.pass_ms(1_000)
        return self.desk.store.job(tenant, job.id)

    def requeue(self, job: Job, tenant: str | None = None, limits: QueueLimits | None = None) -> Submitted:
        return self.requeues.requeue(
            tenant or job.tenant, job.id, new_id("job"), "req_1", limits or QueueLimits()
        )


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    clock = Timepiece()
    if request.param == "memory":
        jobs = MemoryJobStore(clock, lease_ms=LEASE_MS)
        yield World(Desk(jobs), MemoryRequeueStore(jobs), clock)
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")), clock)
    store = SqlJobStore(database, lease_ms=LEASE_MS, seconds=clock.seconds)
    yield World(Desk(store), SqlRequeueStore(database, Admission(database)), clock)
    database.close()


def test_a_failed_job_is_asked_for_again_and_stays_as_it_ended(world: World) -> None:
    old = world.failed(priority=7, metadata={"sku": "1"}, deadline_s=600)
    world.clock.pass_ms(3_600_000)
    made = world.requeue(old)
    assert made.created
    new = made.job
    assert (new.requeue_of, new.state, new.attempt) == (old.id, State.QUEUED, 0)
    assert new.id != old.id
    assert [
        getattr(new, name) for name in ("input", "params", "metadata", "priority", "model", "tenant")
    ] == [getattr(old, name) for name in ("input", "params", "metadata", "priority", "model", "tenant")]
    assert new.deadline_at - new.created_at == 600_000
    assert new.created_at == world.clock.wall
    assert world.desk.store.job("acme", old.id) == old
    (claim,) = world.desk.claim()
    assert claim.job.id == new.id
    world.desk.store.complete(claim.held, success())
    assert world.desk.store.job("acme", new.id).requeue_of == old.id


def test_asked_twice_it_is_the_same_new_job_whatever_became_of_it(world: World) -> None:
    old = world.failed()
    first = world.requeue(old)
    again = world.requeue(old)
    assert (again.created, again.job.id) == (False, first.job.id)
    world.desk.store.cancel("acme", first.job.id)
    assert world.requeue(old).job.state is State.CANCELED
    # That one is requeued in its turn.
    second = world.requeue(first.job)
    assert second.created
    assert second.job.requeue_of == first.job.id


def test_an_erased_requeue_makes_room_for_another(world: World) -> None:
    old = world.failed()
    first = world.requeue(old)
    world.desk.store.erase("acme", first.job.id)
    second = world.requeue(old)
    assert second.created
    assert second.job.id != first.job.id


def test_sixteen_at_once_make_one(world: World) -> None:
    old = world.failed()
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda _: world.requeue(old), range(16)))
    assert len({each.job.id for each in made}) == 1
    assert sum(each.created for each in made) == 1


def test_canceled_and_expired_ones_too(world: World) -> None:
    canceled = world.desk.submit()
    world.desk.store.cancel("acme", canceled.id)
    assert world.requeue(canceled).created
    expired = world.desk.submit(deadline_s=1)
    world.clock.pass_ms(2_000)
    world.desk.store.reap(POLICY)
    assert world.requeue(expired).created


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
def test_what_goes_on_or_went_well_is_refused(world: World, state: str) -> None:
    if state == "queued":
        job = world.desk.submit()
    else:
        claim = world.desk.running()
        job = claim.job
        if state == "succeeded":
            world.desk.store.complete(claim.held, success())
    before = world.desk.store.job("acme", job.id)
    with pytest.raises(NotRequeueable, match=state if state != "succeeded" else "has succeeded"):
        world.requeue(job)
    assert world.desk.store.job("acme", job.id) == before
    assert len(world.desk.store.jobs("acme").jobs) == 1


def test_another_tenants_and_what_is_gone_is_not_there(world: World) -> None:
    job = world.failed()
    with pytest.raises(JobUnknown):
        world.requeue(job, tenant="globex")
    world.desk.store.erase("acme", job.id)
    with pytest.raises(JobErased):
        world.requeue(job)


def test_a_full_queue_takes_no_requeue_either(world: World) -> None:
    job = world.failed()
    world.desk.submit()
    with pytest.raises(QueueFull):
        world.requeue(job, limits=QueueLimits(lane=1))
    assert world.requeue(job).created


def test_dead_letters_are_told_the_latest_first(world: World) -> None:
    first, second, other = world.dead(), world.dead(), world.dead("globex")
    world.failed()
    found = world.requeues.dead_letters(None, 10)
    assert [letter.id for letter in found] == [other.id, second.id, first.id]
    assert all(letter.crashes == 3 and "alone" in letter.message for letter in found)
    assert [letter.id for letter in world.requeues.dead_letters("acme", 1)] == [second.id]
    made = world.requeue(first)
    assert world.requeues.dead_letters("acme", 9)[1].requeued_as == made.job.id
    world.desk.store.erase("acme", second.id)
    assert [letter.id for letter in world.requeues.dead_letters("acme", 9)] == [first.id]
