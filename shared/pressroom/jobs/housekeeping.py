"""What the relay does again and again: reap, wake, erase, expire. Each is safe to do twice, at once.

The database decides; Redis and the artifact store follow as they can. What fails is tried again by
the next sweep, since the database still says that it is to be done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pressroom.domain.errors import ArtifactsUnavailable, RedisUnavailable, Unavailable
from pressroom.domain.job import Job
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.late_end import late_end
from pressroom.jobs.paging import Pages
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

_ERASURES = 200
# An erasure that failed is tried again after so long; the rest does not wait for it.
ERASE_AGAIN_MS = 30_000


@dataclass(frozen=True, slots=True)
class Erased:
    """Erasures of a sweep: how many are done, how many must be tried again, and whether more are due."""

    done: int = 0
    failed: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What a turn of retention has removed, and whether there may be ``more``."""

    rows: int = 0
    more: bool = False


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
        self._unsettled = True  # nobody knows what a relay before this one left
        self._expiring = Pages(store.expire_results)
        self._forgetting = Pages(store.forget)
        self._prompts = Pages(store.erase_prompts)

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
        """Remove what erased jobs left outside the database; what could not be removed is tried again in a
        while, and holds up no other. Raises DatabaseUnavailable."""
        due = self._store.due_erasures(_ERASURES)
        if not due:
            return Erased()
        # All are tried: one store that is away must not keep the content in the others.
        in_redis = self._erase_in_redis(due)
        done = [erasure for erasure in due if _tried(self._artifacts.erase, erasure.job_id) and in_redis]
        failed = [erasure for erasure in due if erasure not in done]
        self._store.erasures_done(done)
        self._store.put_off_erasures(failed, ERASE_AGAIN_MS)
        self._unsettled = self._unsettled or bool(done)
        return Erased(len(done), len(failed), more=len(due) >= _ERASURES)

    def expire_results(self) -> Kept:
        """Erase results whose time is over; ``erase_due`` does the rest. Raises DatabaseUnavailable."""
        return Kept(*self._expiring.turn())

    def erase_prompts(self) -> Kept:
        """Empty the inputs whose time is over. Raises DatabaseUnavailable."""
        kept = Kept(*self._prompts.turn())
        self._unsettled = self._unsettled or bool(kept.rows)
        return kept

    def settle_erased(self) -> None:
        """After an erasure: let the database's own log not hold it any more. Raises DatabaseUnavailable."""
        if self._unsettled:
            self._unsettled = not self._store.settle_erased()

    def forget(self) -> Kept:
        """Remove idempotency keys and tombstones whose time is over. Raises DatabaseUnavailable."""
        return Kept(*self._forgetting.turn())

    # -- parts -------------------------------------------------------------------------------
    def _erase_in_redis(self, due: Sequence[Erasure]) -> bool:
        """Whether all is gone. Results that expire by the thousand leave no note there."""
        tried = []
        for noted in (True, False):
            ids = [erasure.job_id for erasure in due if erasure.settled is not noted]
            for remove in (self._cache.erase, self._events.erase):
                tried.append(not ids or _tried(partial(remove, noted=noted), *ids))
        return all(tried)

    def _tell_end(self, jobs: Sequence[Job]) -> None:
        ends = [late_end(job) for job in jobs if job.terminal]
        try:
            for job in jobs:
                if job.terminal and (keep_s := job.cache_s(self._cache_ttl_s)):
                    self._cache.put(job, keep_s)
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


def _tried(remove: Callable[..., None], *job_ids: str) -> bool:
    try:
        remove(*job_ids)
    except Unavailable as error:
        get_logger(__name__).warning("erasure_failed", jobs=list(job_ids[:3]), reason=error.message)
        return False
    return True
