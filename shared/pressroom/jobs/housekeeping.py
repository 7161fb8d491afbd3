"""What the relay does again and again: reap, wake, erase, expire. Each is safe to do twice, at once.

The database decides; Redis and the artifact store follow as they can. What fails is tried again by
the next sweep, since the database still says that it is to be done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pressroom.domain.errors import ArtifactsUnavailable, RedisUnavailable, Unavailable
from pressroom.domain.job import Job
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.late_end import late_end
from pressroom.jobs.ports import (
    ArtifactStore,
    Erasure,
    EventLog,
    JobStore,
    PoolBacklog,
    Reaped,
    ResultCache,
    Tickets,
)
from pressroom.telemetry import get_logger


@dataclass(frozen=True, slots=True)
class Erased:
    """Erasures of a sweep: how many are done, and how many must be tried again."""

    done: int = 0
    failed: int = 0


class Housekeeping:
    """The relay's use cases. ``cache_ttl_s``: how long the cache keeps a job that was reaped."""

    def __init__(
        self,
        store: JobStore,
        artifacts: ArtifactStore,
        events: EventLog,
        cache: ResultCache,
        tickets: Tickets,
        *,
        policy: RetryPolicy,
        cache_ttl_s: int,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._events = events
        self._cache = cache
        self._tickets = tickets
        self._policy = policy
        self._cache_ttl_s = cache_ttl_s

    def reap(self) -> Reaped:
        """Take back what silent workers hold, end what is too late, and tell the followers.

        Raises DatabaseUnavailable."""
        reaped = self._store.reap(self._policy)
        if reaped.ended:
            self._tell_end(self._store.find(reaped.ended))
        if reaped.requeued or reaped.ended:
            self._remove_orphans(self._store.find(reaped.requeued + reaped.ended))
        return reaped

    def top_up(self) -> tuple[tuple[PoolBacklog, ...], dict[str, int]]:
        """As many tickets a pool as its workers could use now: never one a job.

        Returns the backlog, and how many were sent to which pool. Raises DatabaseUnavailable,
        RedisUnavailable."""
        backlog = self._store.backlog()
        sent: dict[str, int] = {}
        for pool in backlog:
            wanted = min(pool.due, pool.free)
            missing = wanted - self._tickets.pending(pool.pool) if wanted else 0
            if missing > 0:
                self._tickets.send(pool.pool, missing)
                sent[pool.pool] = missing
        return backlog, sent

    def erase_due(self) -> Erased:
        """Remove what erased jobs left outside the database. Raises DatabaseUnavailable."""
        done = failed = 0
        for erasure in self._store.due_erasures():
            if self._erase(erasure):
                self._store.erasure_done(erasure)
                done += 1
            else:
                failed += 1
        return Erased(done, failed)

    def expire_results(self) -> tuple[str, ...]:
        """Erase results whose time is over; ``erase_due`` does the rest. Raises DatabaseUnavailable."""
        expired = self._store.expired_results()
        for job_id in expired:
            self._store.expire_result(job_id)
        return expired

    def forget(self) -> int:
        """Remove idempotency keys and tombstones whose time is over. Raises DatabaseUnavailable."""
        return self._store.forget()

    # -- parts -------------------------------------------------------------------------------
    def _tell_end(self, jobs: Sequence[Job]) -> None:
        ends = [late_end(job) for job in jobs if job.terminal]
        try:
            for job in jobs:
                if job.terminal:
                    self._cache.put(job, min(self._cache_ttl_s, job.result_ttl_s))
            self._events.append(ends)
        except RedisUnavailable as error:
            # Followers look at the database every few seconds and find it there.
            get_logger(__name__).warning("end_not_told", jobs=len(ends), reason=error.message)

    def _remove_orphans(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            current = job.state in (State.RUNNING, State.SUCCEEDED) or bool(job.outputs)
            keep_attempt = job.attempt if current else job.attempt + 1
            try:
                self._artifacts.erase(job.id, keep_attempt=keep_attempt)
            except ArtifactsUnavailable as error:
                get_logger(__name__).warning("orphans_left", job=job.id, reason=error.message)

    def _erase(self, erasure: Erasure) -> bool:
        removes: tuple[Callable[[str], None], ...] = (
            self._cache.erase,
            self._events.erase,
            self._artifacts.erase,
        )
        # All are tried: one store that is away must not keep the content in the others.
        tried = [_tried(remove, erasure.job_id) for remove in removes]
        return all(tried)


def _tried(remove: Callable[[str], None], job_id: str) -> bool:
    try:
        remove(job_id)
    except Unavailable as error:
        get_logger(__name__).warning("erasure_failed", job=job_id, reason=error.message)
        return False
    return True
