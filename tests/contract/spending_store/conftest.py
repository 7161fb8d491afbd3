"""The stores of jobs, batches, keys and accounts that stand on one another, on a clock that the test moves."""

from collections.abc import Iterator

import pytest
from tests.support.books import Books
from tests.support.jobs import LEASE_MS, Timepiece

from pressroom.adapters.memory.batches import MemoryBatchStore
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.keys import MemoryKeyStore
from pressroom.adapters.memory.requeues import MemoryRequeueStore
from pressroom.adapters.sql.batches import SqlBatchStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.keys import SqlKeyStore
from pressroom.adapters.sql.requeues import SqlRequeueStore
from pressroom.adapters.sql.spending import SqlSpendingStore
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.jobs.ports import ApiKey


@pytest.fixture
def clock() -> Timepiece:
    return Timepiece()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def books(request: pytest.FixtureRequest, clock: Timepiece) -> Iterator[Books]:
    if request.param == "memory":
        keys = MemoryKeyStore(clock)
        jobs = MemoryJobStore(clock, lease_ms=LEASE_MS, keys=keys)
        batches = MemoryBatchStore(jobs, clock)
        yield Books(clock, jobs, batches, keys, MemoryRequeueStore(jobs), jobs.spending)
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")), clock)
    for tenant in ("acme", "globex"):
        SqlKeyStore(database).add(ApiKey(tenant, tenant, "", 1), "f" * 64)
    store = SqlJobStore(database, lease_ms=LEASE_MS, seconds=clock.seconds)
    yield Books(
        clock,
        store,
        SqlBatchStore(database, lease_ms=LEASE_MS),
        SqlKeyStore(database),
        SqlRequeueStore(database, store.admission),
        SqlSpendingStore(database),
    )
    database.close()
