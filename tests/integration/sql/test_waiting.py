"""What waits besides jobs is counted, with the age of the first of it, until it is done."""

from collections.abc import Iterator

import pytest
from tests.support.batches import Post, good
from tests.support.jobs import LEASE_MS, Timepiece, success

from pressroom.adapters.sql.batches import SqlBatchStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.keys import SqlKeyStore
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.waiting import SqlWaitingStore
from pressroom.jobs.ports import ApiKey
from pressroom.jobs.waiting import KINDS, Waiting


class World:
    def __init__(self, database: Database, clock: Timepiece) -> None:
        SqlKeyStore(database).add(ApiKey("acme", "acme", "", 1), "f" * 64)
        self.clock = clock
        self.jobs = SqlJobStore(database, lease_ms=LEASE_MS, seconds=clock.seconds)
        self.post = Post(self.jobs, SqlBatchStore(database, lease_ms=LEASE_MS))
        self._store = SqlWaitingStore(database)

    def waiting(self) -> dict[str, Waiting]:
        """What is not nothing."""
        told = self._store.waiting()
        assert tuple(told) == KINDS
        return {kind: each for kind, each in told.items() if each != Waiting()}


@pytest.fixture
def world(url: str) -> Iterator[World]:
    clock = Timepiece()
    database = Database(open_engine(url), clock)
    yield World(database, clock)
    database.close()


def test_nothing_waits_at_first(world: World) -> None:
    assert world.waiting() == {}


def test_batches_and_their_rows_wait_until_they_are_let_in_and_have_ended(world: World) -> None:
    batch_id = world.post.receive([good(n) for n in range(5)])
    world.post.receive([good(0)])
    world.clock.pass_ms(4_000)
    assert world.waiting() == {"batches": Waiting(2, 4.0), "batch_rows": Waiting(6)}
    world.post.release(batch_id, 3)
    assert world.waiting()["batch_rows"] == Waiting(3)
    world.post.release(batch_id)
    world.post.work()
    assert world.post.batches.settle(batch_id)
    assert world.waiting() == {"batches": Waiting(1, 4.0), "batch_rows": Waiting(1)}


def test_a_delivery_waits_until_it_was_taken_and_an_erasure_until_it_is_done(world: World) -> None:
    claim = world.post.desk.running(webhook={"url": "https://hooks.example/me", "events": None})
    assert world.jobs.complete(claim.held, success())
    world.clock.pass_ms(2_500)
    assert world.waiting() == {"deliveries": Waiting(1, 2.5)}
    world.jobs.erase("acme", claim.job.id)
    world.clock.pass_ms(1_500)
    due = world.jobs.due_erasures(10)
    assert world.waiting()["erasures"].oldest_s == 1.5
    assert world.waiting()["erasures"].count >= len(due) > 0
    while due := world.jobs.due_erasures(10):
        world.jobs.erasures_done(due)
        world.clock.pass_ms(60 * 60 * 1_000)
    assert "erasures" not in world.waiting()
