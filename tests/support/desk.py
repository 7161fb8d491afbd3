"""A job store with short ways to do the usual."""

from typing import Any

from tests.support.jobs import LEASE_MS, live, new_job

from pressroom.domain.job import Claim, Job
from pressroom.jobs.ports import IdempotencyKey, JobStore, QueueLimits


class Desk:
    """What a front and a worker do in most tests."""

    def __init__(self, store: JobStore) -> None:
        self.store = store

    def submit(self, tenant: str = "acme", key: str | None = None, **changes: Any) -> Job:
        wanted = IdempotencyKey(key, "m" * 64) if key is not None else None
        return self.store.submit(new_job(tenant, **changes), wanted, QueueLimits()).job

    def claim(
        self, limit: int = 1, *, worker: str = "worker-1", idle: bool = True, lease_ms: int = LEASE_MS
    ) -> list[Claim]:
        return self.store.claim(
            worker=worker, pool="text", models=[live()], limit=limit, lease_ms=lease_ms, idle=idle
        )

    def running(self, **changes: Any) -> Claim:
        """A job that is running under a lease."""
        job = self.submit(**changes)
        (claim,) = self.claim()
        assert claim.job.id == job.id
        return claim
