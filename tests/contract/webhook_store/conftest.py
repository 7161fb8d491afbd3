"""The webhook stores that the suite runs over, each with the job store that writes into it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.webhooks import MemoryWebhookStore
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.webhooks import SqlWebhookStore
from pressroom.domain.ids import new_id
from pressroom.domain.webhooks import Delivery, Endpoint, SealedSecret
from pressroom.jobs.webhook_ports import WebhookStore

STORES = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
MOST = 20


@dataclass
class Hooks:
    """A webhook store with short ways to do the usual."""

    store: WebhookStore
    desk: Desk
    clock: Timepiece

    def endpoint(self, tenant: str = "acme", *, events: tuple[str, ...] | None = None) -> Endpoint:
        made = Endpoint(
            id=new_id("whe"),
            tenant=tenant,
            url=f"https://hooks.example/{tenant}",
            description="the shop",
            events=events,
            secrets=(SealedSecret("sealed-1", self.clock.wall),),
            active=True,
            created_at=self.clock.wall,
            changed_at=self.clock.wall,
        )
        self.store.add(made, MOST)
        return made

    def all(self, tenant: str = "acme") -> tuple[Delivery, ...]:
        """The oldest first."""
        return self.store.deliveries(tenant, None, cursor=None, limit=100).items[::-1]


@pytest.fixture
def clock() -> Timepiece:
    return Timepiece()


@pytest.fixture(params=STORES)
def hooks(request: pytest.FixtureRequest, clock: Timepiece) -> Iterator[Hooks]:
    if request.param == "memory":
        webhooks = MemoryWebhookStore(clock)
        jobs = MemoryJobStore(clock, lease_ms=LEASE_MS, webhooks=webhooks)
        yield Hooks(webhooks, Desk(jobs), clock)
        return
    database = Database(open_engine(request.getfixturevalue(f"{request.param}_url")), clock)
    store = SqlJobStore(database, lease_ms=LEASE_MS, seconds=clock.seconds)
    yield Hooks(SqlWebhookStore(database), Desk(store), clock)
    database.close()
