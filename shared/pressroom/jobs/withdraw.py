"""Take a job back: cancel it, or erase everything that it holds.

The database's transaction is what counts. What lies outside of it (cache, events, artifacts) is
removed at once as well as it can be; the erasure that the transaction left behind makes the relay
do it again until it has worked.
"""

from collections.abc import Callable

from pressroom.contract.jobs import JobInput
from pressroom.domain.errors import Unavailable
from pressroom.domain.job import Job
from pressroom.jobs.fetch import check_id
from pressroom.jobs.late_end import late_end
from pressroom.jobs.nudges import Nudges, nudge
from pressroom.jobs.pictures import Pictures
from pressroom.jobs.ports import ArtifactStore, EventLog, JobStore, ResultCache
from pressroom.telemetry import get_logger


class Withdrawer:
    """The use cases behind ``POST …/cancel`` and ``DELETE``."""

    def __init__(
        self,
        store: JobStore,
        cache: ResultCache,
        events: EventLog,
        artifacts: ArtifactStore,
        nudges: Nudges,
        pictures: Pictures,
    ) -> None:
        self._store = store
        self._cache = cache
        self._events = events
        self._artifacts = artifacts
        self._nudges = nudges
        self._pictures = pictures

    def cancel(self, tenant: str, job_id: str) -> Job:
        """The job as it is then; one that has ended stays as it is. A queued one has ended now, and its
        followers are told; the worker of a running one is nudged.

        Raises JobUnknown, JobErased, DatabaseUnavailable."""
        check_id(job_id)
        job = self._store.cancel(tenant, job_id)
        if not job.terminal:
            nudge(self._nudges, job_id, job=job_id)
        elif job.finished_at == job.cancel_requested_at:
            _try(lambda _: self._events.append([late_end(job)]), job_id, "end_not_told")
        return job

    def erase(self, tenant: str, job_id: str) -> None:
        """Remove prompt, params, metadata and outputs for good; a running job ends.

        Raises JobUnknown, JobErased (done before), DatabaseUnavailable."""
        check_id(job_id)
        given = self._store.job(tenant, job_id).input
        self._store.erase(tenant, job_id)
        self._pictures.erase_with(tenant, JobInput.model_validate(dict(given)))
        nudge(self._nudges, job_id, job=job_id)
        for remove in (self._cache.erase, self._events.erase, self._artifacts.erase):
            _try(remove, job_id, "erasure_left_to_relay")


def _try(act: Callable[[str], None], job_id: str, otherwise: str) -> None:
    """``otherwise`` is what to log if it fails: others do it a little later."""
    try:
        act(job_id)
    except Unavailable as error:
        get_logger(__name__).warning(otherwise, job=job_id, reason=error.message)
