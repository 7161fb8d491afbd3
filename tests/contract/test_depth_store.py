"""Depths of the queue: what holds in memory, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, failure, partial

from pressroom.adapters.memory.depths import MemoryDepthStore
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.depths import SqlDepthStore
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.domain.retry import FailureKind, RetryPolicy
from pressroom.jobs.depths import Depths, DepthStore, LaneDepth


class World:
    def __init__(self, desk: Desk, store: DepthStore, clock: Timepiece) -> None:
        self.desk = desk
        self.store = store
        self.clock = clock


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    clock = Timepiece()
    if request.param == "memory":
        jobs = MemoryJobStore(clock, lease_ms=LEASE_MS)
        yield World(Desk(jobs), MemoryDepthStore(jobs, clock), clock)
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")), clock)
    store = SqlJobStore(database, lease_ms=LEASE_MS, seconds=clock.seconds)
    yield World(Desk(store), SqlDepthStore(database), clock)
    database.close()


def test_an_empty_queue_has_no_lanes(world: World) -> None:
    assert world.store.depths() == Depths(world.clock.wall, (), {})


def test_each_lane_is_told_with_its_oldest_and_what_runs_by_pool(world: World) -> None:
    began = world.clock.wall
    world.desk.submit("globex")
    world.clock.pass_ms(1_000)
    for _ in range(3):
        world.desk.submit("acme")
        world.clock.pass_ms(1_000)
    world.desk.submit("acme", pool="image", kind="image")
    assert world.store.depths() == Depths(
        world.clock.wall,
        (
            LaneDepth("image", "acme", 1, began + 4_000),
            LaneDepth("text", "acme", 3, began + 1_000),
            LaneDepth("text", "globex", 1, began),
        ),
        {},
    )
    claims = world.desk.claim(4)
    depths = world.store.depths()
    assert [(lane.pool, lane.queued) for lane in depths.lanes] == [("image", 1)]
    assert depths.running == {"text": 4}
    # One that waits for another try is queued, and not due before.
    world.desk.store.release(claims[0].held, failure(FailureKind.ERROR), partial(), RetryPolicy())
    (_, waiting) = world.store.depths().lanes
    assert (waiting.queued, waiting.oldest_due_at) == (1, world.clock.wall + 1_000)
    assert world.store.depths().running == {"text": 3}
