"""The relay's use cases, over memory stores that go away when told to."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, card, live, picture, success
from tests.support.troubled import Troubled, without_artifacts, without_redis

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryEventLog, MemoryResultCache, MemoryTickets
from pressroom.contract.events import Delta, End, Started
from pressroom.domain.errors import DatabaseUnavailable, JobErased, OutputUnknown, RedisUnavailable
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.housekeeping import Erased, Housekeeping, Kept
from pressroom.jobs.ports import Numbered


@dataclass
class World:
    clock: Timepiece = field(default_factory=Timepiece)

    def __post_init__(self) -> None:
        self.plain_store: Any = MemoryJobStore(self.clock, lease_ms=LEASE_MS)
        self.store: Any = Troubled(self.plain_store)
        self.artifacts: Any = without_artifacts(MemoryArtifacts())
        self.events: Any = without_redis(MemoryEventLog())
        self.cache: Any = without_redis(MemoryResultCache())
        self.tickets: Any = without_redis(MemoryTickets())
        self.desk = Desk(self.plain_store)
        self.keeping = Housekeeping(
            self.store,
            self.artifacts,
            self.events,
            self.cache,
            self.tickets,
            policy=RetryPolicy(),
            cache_ttl_s=60,
        )

    def heard(self, job_id: str) -> list[Numbered]:
        found: list[Numbered] = self.events.read({job_id: (0, 0)}, 0).get(job_id, [])
        return found

    def has(self, path: str) -> bool:
        try:
            self.artifacts.get(path)
        except OutputUnknown:
            return False
        return True


@pytest.fixture
def world() -> World:
    return World()


# -- reap --------------------------------------------------------------------------------------
def test_nothing_to_reap_touches_nobody(world: World) -> None:
    world.desk.running()

    assert world.keeping.reap().ended == ()
    assert world.events.calls == []
    assert world.artifacts.calls == []


def test_a_silent_workers_job_goes_back_and_its_pictures_go(world: World) -> None:
    claim = world.desk.running()
    world.artifacts.put(f"{claim.job.id}/1/0.png", b"half", "image/png")
    world.clock.pass_ms(LEASE_MS + 1)

    assert world.keeping.reap().requeued == (claim.job.id,)

    assert not world.has(f"{claim.job.id}/1/0.png")
    assert world.heard(claim.job.id) == []


def test_pictures_of_an_attempt_that_began_meanwhile_are_kept(world: World) -> None:
    claim = world.desk.running()
    world.artifacts.put(f"{claim.job.id}/1/0.png", b"old", "image/png")
    world.artifacts.put(f"{claim.job.id}/2/0.png", b"new", "image/png")
    world.clock.pass_ms(LEASE_MS + 1)
    again = world.plain_store.find
    world.plain_store.find = lambda ids: (world.desk.claim(worker="w2"), again(ids))[1]

    world.keeping.reap()

    assert not world.has(f"{claim.job.id}/1/0.png")
    assert world.has(f"{claim.job.id}/2/0.png")


def test_followers_hear_of_a_job_that_the_reaper_ended(world: World) -> None:
    claim = world.desk.running()
    log = [Numbered(claim.job.id, 1, 1, Started(attempt=1))]
    log.append(Numbered(claim.job.id, 1, 2, Delta(n=0, offset=0, text="A")))
    world.events.append(log)
    world.plain_store.cancel("acme", claim.job.id)
    world.clock.pass_ms(LEASE_MS + 1)

    assert world.keeping.reap().canceled == (claim.job.id,)

    last = world.heard(claim.job.id)[-1]
    assert isinstance(last.event, End)
    assert last.event.status == "canceled"
    assert world.cache.get("acme", claim.job.id).state is State.CANCELED


def test_late_events_of_the_dead_worker_do_not_follow_that_end(world: World) -> None:
    claim = world.desk.running()
    world.plain_store.cancel("acme", claim.job.id)
    world.clock.pass_ms(LEASE_MS + 1)
    world.keeping.reap()

    world.events.append([Numbered(claim.job.id, 1, 900, Delta(n=0, offset=0, text="late"))])

    assert isinstance(world.heard(claim.job.id)[-1].event, End)


def test_a_job_that_expired_in_the_queue_ends_without_a_hole(world: World) -> None:
    job = world.desk.submit(deadline_s=1)
    world.clock.pass_ms(1_001)

    assert world.keeping.reap().expired == (job.id,)

    (end,) = world.heard(job.id)
    assert (end.attempt, end.seq) == (0, 1)
    assert end.event == End(status="expired", finish_reason="expired")


def test_reaping_goes_on_without_redis(world: World) -> None:
    job = world.desk.submit(deadline_s=1)
    world.clock.pass_ms(1_001)
    world.cache.fail("put")

    assert world.keeping.reap().expired == (job.id,)


def test_reaping_goes_on_without_the_artifact_store(world: World) -> None:
    claim = world.desk.running()
    world.clock.pass_ms(LEASE_MS + 1)
    world.artifacts.fail("erase")

    assert world.keeping.reap().requeued == (claim.job.id,)


def test_two_relays_reap_a_job_once(world: World) -> None:
    world.desk.running()
    world.clock.pass_ms(LEASE_MS + 1)

    assert len(world.keeping.reap().requeued) == 1
    assert world.keeping.reap().requeued == ()


# -- tickets -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("jobs", "free", "pending", "sent"),
    [(0, 4, 0, 0), (2, 4, 0, 2), (9, 4, 0, 4), (9, 4, 3, 1), (9, 4, 5, 0), (9, 0, 0, 0)],
)
def test_tickets_are_topped_up_to_the_free_slots(
    world: World, jobs: int, free: int, pending: int, sent: int
) -> None:
    world.plain_store.announce(card(free=free))
    for _ in range(jobs):
        world.desk.submit()
    world.tickets.send("text", pending)

    backlog, tickets = world.keeping.top_up()

    assert tickets == ({"text": sent} if sent else {})
    assert world.tickets.pending("text") == pending + sent
    assert sum(pool.due for pool in backlog) == jobs


def test_top_up_says_when_redis_is_away(world: World) -> None:
    world.plain_store.announce(card(models=(live(),)))
    world.desk.submit()
    world.tickets.fail("pending")

    with pytest.raises(RedisUnavailable):
        world.keeping.top_up()


# -- erasures ----------------------------------------------------------------------------------
def _erased_job(world: World) -> str:
    claim = world.desk.running()
    output = picture(0, claim.job.id, 1)
    world.artifacts.put(output.artifact, b"png", "image/png")
    world.plain_store.complete(claim.held, success(output))
    world.cache.put(world.plain_store.job("acme", claim.job.id), 60)
    world.events.append([Numbered(claim.job.id, 1, 1, Started(attempt=1))])
    world.plain_store.erase("acme", claim.job.id)
    return claim.job.id


def test_an_erasure_reaches_every_store_and_is_then_done(world: World) -> None:
    job_id = _erased_job(world)

    assert world.keeping.erase_due() == Erased(done=1)

    assert not world.has(f"{job_id}/1/0.png")
    assert world.heard(job_id) == []
    assert world.cache.get("acme", job_id) is None
    assert world.keeping.erase_due() == Erased()


@pytest.mark.parametrize("away", ["artifacts", "events", "cache"])
def test_an_erasure_that_fails_somewhere_is_tried_again_and_holds_up_no_other_store(
    world: World, away: str
) -> None:
    job_id = _erased_job(world)
    getattr(world, away).fail("erase")

    assert world.keeping.erase_due() == Erased(failed=1)
    for store in ("artifacts", "events", "cache"):
        assert "erase" in getattr(world, store).calls

    assert world.keeping.erase_due() == Erased(), "not at once"
    world.clock.pass_ms(30_000)
    assert world.keeping.erase_due() == Erased(done=1)
    assert not world.has(f"{job_id}/1/0.png")


def test_one_failed_erasure_does_not_hold_up_the_next(world: World) -> None:
    _erased_job(world)
    _erased_job(world)
    world.artifacts.fail("erase")

    assert world.keeping.erase_due() == Erased(done=1, failed=1)


# -- retention ---------------------------------------------------------------------------------
def test_a_result_whose_time_is_over_is_erased_everywhere(world: World) -> None:
    claim = world.desk.running(result_ttl_s=60)
    world.plain_store.complete(claim.held, success())
    assert world.keeping.expire_results() == Kept()

    world.clock.pass_ms(60_001)

    assert world.keeping.expire_results() == Kept(1)
    assert world.keeping.erase_due() == Erased(done=1)
    with pytest.raises(JobErased):
        world.plain_store.job("acme", claim.job.id)


def test_only_what_somebody_may_still_write_for_leaves_a_note_in_redis(world: World) -> None:
    """A note lives for a day: one for each result that expires would fill a Redis."""
    claim = world.desk.running(result_ttl_s=60)
    world.plain_store.complete(claim.held, success())
    world.clock.pass_ms(60_001)
    world.keeping.expire_results()
    erased = _erased_job(world)
    assert world.keeping.erase_due() == Erased(done=2)
    for job_id in (claim.job.id, erased):
        world.events.append([Numbered(job_id, 9, 1, Started(attempt=9))])
    assert len(world.heard(claim.job.id)) == 1
    assert world.heard(erased) == []


def test_housekeeping_says_when_the_database_is_away(world: World) -> None:
    for name in ("reap", "backlog", "due_erasures", "expire_results"):
        world.store.fail(name)
    for duty in (
        world.keeping.reap,
        world.keeping.top_up,
        world.keeping.erase_due,
        world.keeping.expire_results,
    ):
        with pytest.raises(DatabaseUnavailable):
            duty()


def test_the_databases_log_is_seen_to_after_erasures_alone(world: World) -> None:
    world.keeping.settle_erased()
    assert world.store.calls.count("settle_erased") == 1, "a relay before may have left something"
    world.keeping.settle_erased()
    assert world.store.calls.count("settle_erased") == 1
    _erased_job(world)
    world.keeping.erase_due()
    world.store.fail("settle_erased")
    with pytest.raises(DatabaseUnavailable):
        world.keeping.settle_erased()
    world.keeping.settle_erased()
    world.keeping.settle_erased()
    assert world.store.calls.count("settle_erased") == 3
