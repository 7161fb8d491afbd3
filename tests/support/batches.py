"""Batches for tests of the stores: rows to store, and short ways to do the usual."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.support.desk import Desk
from tests.support.jobs import new_job, success

from pressroom.domain.batch import BatchCounts, BatchRow, BatchState, NewBatch, NewRow, RowState
from pressroom.domain.ids import new_id
from pressroom.jobs.batch_ports import BatchStore
from pressroom.jobs.ports import JobStore, QueueLimits
from pressroom.jobs.webhook_ports import WebhookStore

MAC = "b" * 64


def new_batch(tenant: str = "acme", key: str | None = None, **metadata: str) -> NewBatch:
    told = metadata or {"feed": "spring"}
    return NewBatch(new_id("batch"), tenant, {"priority": 3}, told, key, "req_1")


def good(n: int, custom_id: str | None = None, tenant: str = "acme", **changes: Any) -> NewRow:
    return NewRow(n, custom_id, new_job(tenant, **{"input": {"prompt": f"row {n}"}, **changes}))


def bad(n: int, custom_id: str | None = None) -> NewRow:
    return NewRow(n, custom_id, None, "input_invalid", "The prompt is empty; say what to write.")


class Post:
    """Both stores of one database, and what front, relay and worker do with batches."""

    def __init__(self, jobs: JobStore, batches: BatchStore, webhooks: WebhookStore | None = None) -> None:
        self.jobs = jobs
        self.webhooks = webhooks
        self.batches = batches
        self.desk = Desk(jobs)

    def receive(self, rows: Iterable[NewRow], tenant: str = "acme", key: str | None = None) -> str:
        """A sealed batch."""
        batch_id = self.half(rows, tenant, key)
        self.batches.seal(batch_id, 600, MAC)
        return batch_id

    def half(self, rows: Iterable[NewRow], tenant: str = "acme", key: str | None = None) -> str:
        """A batch that is still being received."""
        new = new_batch(tenant, key)
        assert self.batches.open(new) is None
        self.batches.add(new.id, list(rows))
        return new.id

    def release(self, batch_id: str, most: int = 1_000, limits: QueueLimits | None = None) -> int:
        return self.batches.release(batch_id, most, limits or QueueLimits())

    def work(self, limit: int = 1_000) -> list[str]:
        """Claim what is queued and have it succeed; the ids of these jobs."""
        claims = self.desk.claim(limit)
        for claim in claims:
            assert self.jobs.complete(claim.held, success())
        return [claim.job.id for claim in claims]

    def rows(self, batch_id: str, state: RowState | None = None) -> Sequence[BatchRow]:
        return self.batches.rows(batch_id, limit=10_000, state=state)

    def counts(self, batch_id: str, tenant: str = "acme") -> BatchCounts:
        return self.batches.batch(tenant, batch_id)[1]

    def state(self, batch_id: str, tenant: str = "acme") -> BatchState:
        return self.batches.batch(tenant, batch_id)[0].state
