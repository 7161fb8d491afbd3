"""Policies of tenants: what holds in memory, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterator

import pytest

from pressroom.adapters.memory.retentions import MemoryRetentionStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.keys import SqlKeyStore
from pressroom.adapters.sql.retentions import SqlRetentionStore
from pressroom.domain.retention import Retention
from pressroom.jobs.ports import ApiKey
from pressroom.jobs.retention import RetentionStore

STRICT = Retention(results_s=3_600, prompts_s=0, events_s=60, keys_s=7_200)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> Iterator[RetentionStore]:
    if request.param == "memory":
        yield MemoryRetentionStore()
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")))
    yield SqlRetentionStore(database)
    database.close()


def test_nobody_has_another_policy_at_first(store: RetentionStore) -> None:
    assert store.retention("acme") == Retention()
    assert store.retentions() == {}


def test_a_policy_is_one_tenants_and_is_changed_whole(store: RetentionStore) -> None:
    store.keep("acme", STRICT)
    store.keep("globex", Retention(prompts_s=60))
    assert store.retention("acme") == STRICT
    assert store.retention("initech") == Retention()
    store.keep("acme", Retention(results_s=60))
    assert store.retentions() == {"acme": Retention(results_s=60), "globex": Retention(prompts_s=60)}
    store.keep("acme", Retention())
    assert store.retention("acme") == Retention()


def test_a_tenant_that_has_keys_keeps_them(sqlite_url: str) -> None:
    database = Database(open_engine(sqlite_url))
    SqlKeyStore(database).add(ApiKey("k", "acme", "", 1), "f" * 64)
    SqlRetentionStore(database).keep("acme", STRICT)
    assert [key.tenant for key in SqlKeyStore(database).all()] == ["acme"]
    SqlKeyStore(database).add(ApiKey("l", "acme", "", 1), "f" * 64)
    assert SqlRetentionStore(database).retention("acme") == STRICT
    database.close()
