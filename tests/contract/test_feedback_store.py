"""Both feedback stores keep the same promises; what they say of a job goes with its results."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, success

from pressroom.adapters.memory.feedback import MemoryFeedbackStore
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.feedback import SqlFeedbackStore
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.domain.errors import CursorInvalid, JobErased, JobUnknown, TooMuchFeedback
from pressroom.domain.ids import new_id
from pressroom.domain.job import Job
from pressroom.jobs.feedback import Feedback, FeedbackStore

WEEK_MS = 7 * 24 * 3_600_000


@dataclass
class World:
    desk: Desk
    store: FeedbackStore
    clock: Timepiece

    def done(self, tenant: str = "acme", **changes: Any) -> Job:
        claim = self.desk.running(tenant=tenant, **changes)
        assert self.desk.store.complete(claim.held, success())
        return self.desk.store.job(tenant, claim.job.id)

    def say(self, job: Job, at: int = 1, most: int = 100, **changes: Any) -> Feedback:
        said: dict[str, Any] = {
            "seed": 7,
            "output": 0,
            "rating": 4,
            "chosen": None,
            "edited": None,
            "comment": None,
        }
        model = job.model
        feedback = Feedback(
            new_id("fbk"), job.tenant, job.id, at, model.name, model.version, model.sha256, **(said | changes)
        )
        self.store.add(feedback, most)
        return feedback


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    clock = Timepiece()
    if request.param == "memory":
        jobs = MemoryJobStore(clock, lease_ms=LEASE_MS)
        yield World(Desk(jobs), MemoryFeedbackStore(jobs), clock)
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")), clock)
    store = SqlJobStore(database, lease_ms=LEASE_MS, seconds=clock.seconds)
    yield World(Desk(store), SqlFeedbackStore(database), clock)
    database.close()


def test_it_comes_back_as_it_was_said(world: World) -> None:
    job = world.done()
    first = world.say(job, 1, rating=None, edited="Grüße, 你好 \u0001", comment="zu lang")
    second = world.say(job, 2, seed=None, chosen=1)
    assert world.store.of_job("acme", job.id) == (first, second)
    assert world.store.page("acme", cursor=None, limit=9).items == (second, first)


def test_another_tenant_sees_none_of_it_and_can_add_none(world: World) -> None:
    job = world.done()
    world.say(job)
    assert world.store.of_job("globex", job.id) == ()
    assert world.store.page("globex", cursor=None, limit=9).items == ()
    theirs = Feedback(new_id("fbk"), "globex", job.id, 1, "m", "1", "a" * 64, 1, 0, 5, None, None, None)
    with pytest.raises(JobUnknown):
        world.store.add(theirs, 100)


def test_a_job_has_only_so_much(world: World) -> None:
    job, other = world.done(), world.done()
    for at in range(3):
        world.say(job, at, most=3)
    with pytest.raises(TooMuchFeedback, match="3"):
        world.say(job, 4, most=3)
    world.say(other, most=3)


def test_pages_hold_each_once(world: World) -> None:
    jobs = [world.done() for _ in range(3)]
    said = [world.say(job, at // 2) for at, job in enumerate(jobs * 3)]
    seen: list[Feedback] = []
    cursor = None
    while True:
        page = world.store.page("acme", cursor=cursor, limit=2)
        seen += page.items
        cursor = page.next
        if cursor is None:
            break
    assert seen == sorted(said, key=lambda each: (each.created_at, each.id), reverse=True)


@pytest.mark.parametrize("cursor", ["x", "", "é", "W10"])
def test_a_cursor_of_nobody_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        world.store.page("acme", cursor=cursor, limit=2)


@pytest.mark.parametrize("by", ["owner", "policy"])
def test_it_goes_with_the_job_s_results(world: World, by: str) -> None:
    job, kept = world.done(), world.done()
    world.say(job)
    other = world.say(kept, 2)
    if by == "owner":
        world.desk.store.erase("acme", job.id)
    else:
        world.desk.store.erase("acme", kept.id)  # so that there is nothing else past its time
        assert job.expires_at is not None
        world.clock.pass_ms(job.expires_at - world.clock.wall + 1)
        assert world.desk.store.expire_results() == 1
    assert world.store.of_job("acme", job.id) == ()
    left = world.store.page("acme", cursor=None, limit=9).items
    assert left == ((other,) if by == "owner" else ())
    with pytest.raises((JobErased, JobUnknown)):
        world.say(job, 3)


def test_nothing_is_left_that_keeps_a_tombstone_from_going(world: World) -> None:
    job = world.done()
    world.say(job)
    world.desk.store.erase("acme", job.id)
    for _ in range(3):
        world.desk.store.erasures_done(world.desk.store.due_erasures())
        world.clock.pass_ms(60 * WEEK_MS)
        world.desk.store.forget()
    with pytest.raises(JobUnknown):
        world.desk.store.job("acme", job.id)
