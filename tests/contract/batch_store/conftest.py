"""The batch stores that the suite runs over, each beside the job store of the same database."""

from collections.abc import Iterator

import pytest
from tests.support.batches import Post
from tests.support.jobs import LEASE_MS, Timepiece

from pressroom.adapters.memory.batches import MemoryBatchStore
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.sql.batches import SqlBatchStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.keys import SqlKeyStore
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.webhooks import SqlWebhookStore
from pressroom.jobs.ports import ApiKey


@pytest.fixture
def clock() -> Timepiece:
    return Timepiece()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def post(request: pytest.FixtureRequest, clock: Timepiece) -> Iterator[Post]:
    if request.param == "memory":
        jobs = MemoryJobStore(clock, lease_ms=LEASE_MS)
        yield Post(jobs, MemoryBatchStore(jobs, clock), jobs.webhooks)
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")), clock)
    for tenant in ("acme", "globex"):
        SqlKeyStore(database).add(ApiKey(tenant, tenant, "", 1), "f" * 64)
    yield Post(
        SqlJobStore(database, lease_ms=LEASE_MS, seconds=clock.seconds),
        SqlBatchStore(database, lease_ms=LEASE_MS),
        SqlWebhookStore(database),
    )
    database.close()
