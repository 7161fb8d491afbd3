"""Requeue: a job that ended badly is asked for again, as a new job; the old one stays as it ended.

Whoever asks twice gets the same new job, and may requeue that one if it ended badly too.
"""

from dataclasses import dataclass
from typing import Protocol

from pressroom.catalog.catalog import Catalog
from pressroom.contract.jobs import JobInput
from pressroom.domain.errors import JobUnknown, ModelUnknown
from pressroom.domain.ids import new_id
from pressroom.domain.job import Job
from pressroom.jobs.fetch import check_id
from pressroom.jobs.pictures import keep_pictures
from pressroom.jobs.ports import JobStore, QueueLimits, Submitted, Tickets
from pressroom.jobs.room import ENDLESS, Room, check_room
from pressroom.jobs.submit import wake
from pressroom.jobs.uploads import UploadStore


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that took its worker with it, alone. No word of its prompt. ``requeued_as``: the job that
    was made of it since."""

    id: str
    tenant: str
    model: str
    finished_at: int
    crashes: int
    message: str
    requeued_as: str | None = None


class RequeueStore(Protocol):
    """What the job stores know of requeues."""

    def requeue(
        self, tenant: str, job_id: str, new_id: str, request_id: str | None, limits: QueueLimits
    ) -> Submitted:
        """Insert a job like ``job_id`` under ``new_id``, or return the one that was made of it before.

        Raises JobUnknown, JobErased, NotRequeueable, PromptErased, QueueFull, DatabaseUnavailable."""

    def dead_letters(self, tenant: str | None, limit: int) -> tuple[DeadLetter, ...]:
        """The latest first; of all tenants for None. Raises DatabaseUnavailable."""


class Requeuer:
    """The use case behind ``POST …/requeue`` and ``pressroom admin requeue``. Without ``tickets`` it is the
    relay that wakes a worker. The ``uploads`` that a job works on are kept for as long as the new one may need them."""

    def __init__(
        self,
        store: JobStore,
        requeues: RequeueStore,
        catalog: Catalog,
        tickets: Tickets | None,
        limits: QueueLimits,
        uploads: UploadStore,
        room: Room = ENDLESS,
    ) -> None:
        self._room = room
        self._uploads = uploads
        self._store = store
        self._requeues = requeues
        self._catalog = catalog
        self._tickets = tickets
        self._limits = limits

    def requeue(self, tenant: str, job_id: str, request_id: str | None = None) -> Submitted:
        """A new job of one that failed, expired or was canceled; ``created`` is False for one that was
        made before.

        Raises JobUnknown, JobErased, NotRequeueable, PromptErased, ModelUnknown, UploadUnknown (a picture that is gone), QueueFull,
        NoRoom, DatabaseUnavailable."""
        check_id(job_id)
        check_room(self._room)
        job = self._store.job(tenant, job_id)
        self._check_model(job)
        if job.kind == "image":
            left_s = (job.deadline_at - job.created_at) // 1000 + job.result_ttl_s
            keep_pictures(self._uploads, tenant, JobInput.model_validate(dict(job.input)), left_s)
        submitted = self._requeues.requeue(tenant, job_id, new_id("job"), request_id, self._limits)
        if submitted.created and self._tickets is not None:
            wake(self._tickets, submitted.job.pool)
        return submitted

    def requeue_any(self, job_id: str) -> Submitted:
        """The same for the operator, whose jobs they all are."""
        check_id(job_id)
        found = self._store.find([job_id])
        if not found:
            raise JobUnknown("There is no such job, or it was erased.")
        return self.requeue(found[0].tenant, job_id)

    def _check_model(self, job: Job) -> None:
        """Another version would write something else: that is for whoever posts to decide."""
        here = [kept.manifest for kept in self._catalog.versions(job.model.name)]
        if (job.model.version, job.model.sha256) not in [(each.version, each.sha256) for each in here]:
            raise ModelUnknown(
                f"This job was accepted for {job.model.name} {job.model.version}, which is not here any "
                f"more; {', '.join(each.version for each in here)} is. Post a new job."
            )
