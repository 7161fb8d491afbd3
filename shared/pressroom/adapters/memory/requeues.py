"""Requeues and dead letters in memory."""

from dataclasses import replace

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.refusals import not_requeueable, prompt_erased
from pressroom.domain.states import REQUEUEABLE
from pressroom.jobs.ports import QueueLimits, Submitted
from pressroom.jobs.requeue import DeadLetter


class MemoryRequeueStore:
    """Implements ``RequeueStore`` over the jobs of a ``MemoryJobStore``."""

    def __init__(self, jobs: MemoryJobStore) -> None:
        self._jobs = jobs

    def requeue(
        self, tenant: str, job_id: str, new_id: str, request_id: str | None, limits: QueueLimits
    ) -> Submitted:
        with self._jobs.locked() as rows:
            job = self._jobs.job(tenant, job_id)
            made = self._made(job_id)
            if made is not None:
                return Submitted(self._jobs.job(tenant, made), created=False)
            if job.state not in REQUEUEABLE:
                raise not_requeueable(job.state)
            if job.prompt_erased_at is not None:
                raise prompt_erased()
            again = replace(job.again(new_id, request_id), webhook=rows[job_id].webhook)
            return self._jobs.submit(again, None, limits)

    def dead_letters(self, tenant: str | None, limit: int) -> tuple[DeadLetter, ...]:
        with self._jobs.locked() as rows:
            found = [
                DeadLetter(
                    job.id,
                    job.tenant,
                    job.model.name,
                    job.finished_at or 0,
                    job.crashes,
                    job.error_message or "",
                    self._made(job.id),
                )
                for job in (row.job for row in rows.values() if row.erased_at is None)
                if job.error_code == "dead_letter" and tenant in (None, job.tenant)
            ]
        return tuple(sorted(found, key=lambda each: (-each.finished_at, each.id))[:limit])

    def _made(self, job_id: str) -> str | None:
        with self._jobs.locked() as rows:
            made = (
                row.job.id for row in rows.values() if row.erased_at is None and row.job.requeue_of == job_id
            )
            return next(made, None)
