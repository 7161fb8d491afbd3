"""The job stores that the suite runs over. Each is empty and runs on a clock that the test moves."""

from collections.abc import Iterator

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.jobs.ports import JobStore

STORES = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture
def clock() -> Timepiece:
    return Timepiece()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, clock: Timepiece) -> Iterator[JobStore]:
    if request.param == "memory":
        yield MemoryJobStore(clock, lease_ms=LEASE_MS)
        return
    url = request.getfixturevalue(f"{request.param}_url")
    database = Database(open_engine(url), clock)
    yield SqlJobStore(database, lease_ms=LEASE_MS, seconds=clock.seconds)
    database.close()


@pytest.fixture
def desk(store: JobStore) -> Desk:
    return Desk(store)
