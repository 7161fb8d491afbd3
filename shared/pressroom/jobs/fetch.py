"""Read jobs and their outputs: the result cache first, then the database and the artifact store."""

from collections import Counter
from collections.abc import Callable, Sequence

from pressroom.domain.errors import JobUnknown, OutputUnknown, RedisUnavailable
from pressroom.domain.ids import is_id
from pressroom.domain.job import Job, Output
from pressroom.domain.states import State
from pressroom.domain.times import wall_ms
from pressroom.jobs.packs import piece_of
from pressroom.jobs.ports import ArtifactStore, JobStore, Page, ResultCache, Waiting
from pressroom.telemetry import get_logger


class Fetcher:
    """The use cases behind the ``GET`` endpoints of jobs. Another tenant's job is an unknown one."""

    def __init__(
        self,
        store: JobStore,
        cache: ResultCache,
        artifacts: ArtifactStore,
        clock: Callable[[], int] = wall_ms,
    ) -> None:
        """``clock``: milliseconds since the epoch, by which what the cache holds may be past its time."""
        self._clock = clock
        self._store = store
        self._cache = cache
        self._artifacts = artifacts

    def job(self, tenant: str, job_id: str) -> Job:
        """Raises JobUnknown, JobErased, DatabaseUnavailable."""
        check_id(job_id)
        return self._cached(tenant, job_id) or self._store.job(tenant, job_id)

    def page(
        self,
        tenant: str,
        *,
        states: Sequence[State] = (),
        model: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        """A page of the tenant's jobs, newest first. Raises CursorInvalid, DatabaseUnavailable."""
        return self._store.jobs(tenant, states=states, model=model, cursor=cursor, limit=limit)

    def waiting(self, job: Job) -> Waiting | None:
        """Where a queued job stands; None for any other."""
        return self._store.waiting(job) if job.state is State.QUEUED else None

    def workers(self, jobs: Sequence[Job]) -> dict[str, Waiting]:
        """Live workers of each queued job, without its place: one query for a whole page."""
        queued = [job for job in jobs if job.state is State.QUEUED]
        if not queued:
            return {}
        # As a claim does it: the weights are what counts, under whatever version.
        live: Counter[tuple[str, str]] = Counter()
        for model, workers in self._store.live_models():
            live[model.name, model.sha256] += workers
        return {job.id: Waiting(None, live[job.model.name, job.model.sha256]) for job in queued}

    def output(self, tenant: str, job_id: str, n: int) -> Output:
        """Raises JobUnknown, JobErased, OutputUnknown, DatabaseUnavailable."""
        job = self.job(tenant, job_id)
        for output in job.outputs:
            if output.n == n:
                return output
        have = f"It has {len(job.outputs)}, counted from 0." if job.terminal else "It has not ended yet."
        raise OutputUnknown(f"This job has no output {n}. {have}")

    def content(self, output: Output, start: int = 0, end: int | None = None) -> bytes:
        """Bytes ``start`` to ``end`` (exclusive) of an output.

        Raises OutputUnknown (erased meanwhile), ArtifactsUnavailable."""
        if output.text is not None:
            return output.text.encode()[start:end]
        if output.artifact is None:
            raise OutputUnknown("This output has no content.")
        path, first, last = piece_of(output.artifact)
        stop = last if end is None else first + end if last is None else min(last, first + end)
        return self._artifacts.get(path, first + start, stop)

    def _past(self, job: Job) -> bool:
        """Whether a copy is kept longer than its result, or than its prompt, may be."""
        ends = (job.expires_at, job.prompt_expires_at)
        return any(end is not None and end <= self._clock() for end in ends)

    def _cached(self, tenant: str, job_id: str) -> Job | None:
        try:
            job = self._cache.get(tenant, job_id)
            return None if job is None or self._past(job) else job
        except RedisUnavailable as error:
            get_logger(__name__).info("cache_passed_over", reason=error.message)
            return None


def check_id(job_id: str) -> None:
    """Raises JobUnknown for what cannot be a job's id, before it is sent anywhere."""
    if not is_id("job", job_id):
        raise JobUnknown("There is no such job. An id looks like job_ followed by 32 hex digits.")
