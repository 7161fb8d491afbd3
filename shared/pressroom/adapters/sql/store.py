"""``SqlJobStore``: the port ``JobStore`` over a database; each method is a room of this package."""

from collections.abc import Callable, Sequence

from sqlalchemy import text

from pressroom.adapters.patience import Patience
from pressroom.adapters.sql import (
    claims,
    leases,
    reading,
    reaping,
    retention,
    schema,
    submitting,
    withdrawing,
    workers,
)
from pressroom.adapters.sql.clock import boot_seconds
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.steps import StepWatch
from pressroom.domain.job import Claim, Completion, Held, Job, NewJob
from pressroom.domain.retry import Failure, RetryPolicy
from pressroom.domain.states import State
from pressroom.jobs.housekeeping import ERASE_AGAIN_MS
from pressroom.jobs.ports import (
    Erasure,
    IdempotencyKey,
    LiveModel,
    Page,
    PoolBacklog,
    QueueLimits,
    Reaped,
    Renewal,
    Standing,
    Submitted,
    Waiting,
    WorkerCard,
)


class SqlJobStore:
    """The queue and the truth. Thread-safe.

    ``lease_ms`` is the usual length of a lease (for the reaper's patience after an outage, and for
    when an erasure is done again), ``worker_seen_ms`` how long a worker counts as live after its
    last sign, ``sweep_ms`` how often ``reap`` is called, ``seconds`` a clock that counts sleep too.
    """

    def __init__(
        self,
        database: Database,
        *,
        lease_ms: int = 60_000,
        worker_seen_ms: int = 15_000,
        sweep_ms: int = 1_000,
        seconds: Callable[[], float] = boot_seconds,
    ) -> None:
        self._database = database
        self._lease_ms = lease_ms
        self._worker_seen_ms = worker_seen_ms
        self.admission = submitting.Admission(database, worker_seen_ms)
        """The bounds of the queue, for all that submit in this process."""
        self._patience = Patience(lease_ms, sweep_ms, seconds)
        self._watch = StepWatch(seconds)

    # -- the front ---------------------------------------------------------------------------
    def submit(self, new: NewJob, key: IdempotencyKey | None, limits: QueueLimits) -> Submitted:
        return submitting.submit(self._database, self.admission, new, key, limits)

    def named(self, tenant: str, key: IdempotencyKey) -> Submitted | None:
        return submitting.earlier(self._database, tenant, key)

    def job(self, tenant: str, job_id: str) -> Job:
        return reading.one_job(self._database, tenant, job_id)

    def waiting(self, job: Job) -> Waiting:
        return reading.waiting(self._database, job, self._worker_seen_ms)

    def standings(self, job_ids: Sequence[str]) -> dict[str, Standing]:
        return reading.standings(self._database, job_ids)

    def jobs(
        self,
        tenant: str,
        *,
        states: Sequence[State] = (),
        model: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        return reading.page_of_jobs(
            self._database, tenant, states=states, model=model, cursor=cursor, limit=limit
        )

    def cancel(self, tenant: str, job_id: str) -> Job:
        return withdrawing.cancel(self._database, tenant, job_id)

    def erase(self, tenant: str, job_id: str) -> None:
        withdrawing.erase(self._database, tenant, job_id, self._lease_ms)

    # -- the worker --------------------------------------------------------------------------
    def claim(
        self, *, worker: str, pool: str, models: Sequence[LiveModel], limit: int, lease_ms: int, idle: bool
    ) -> list[Claim]:
        return claims.claim(
            self._database, worker=worker, pool=pool, models=models, limit=limit, lease_ms=lease_ms, idle=idle
        )

    def renew(self, worker: str, held: Sequence[Held], lease_ms: int) -> Renewal:
        return leases.renew(self._database, worker, held, lease_ms)

    def complete(self, held: Held, completion: Completion) -> bool:
        return leases.complete(self._database, held, completion)

    def release(self, held: Held, failure: Failure, partial: Completion, policy: RetryPolicy) -> State | None:
        return leases.release(self._database, held, failure, partial, policy)

    def announce(self, card: WorkerCard) -> None:
        workers.announce(self._database, card)

    def withdraw(self, worker: str) -> None:
        workers.withdraw(self._database, worker)

    # -- the relay ---------------------------------------------------------------------------
    def reap(self, policy: RetryPolicy, limit: int = 500) -> Reaped:
        return reaping.reap(
            self._database,
            self._patience,
            self._watch,
            policy,
            limit=limit,
            grace_ms=self._lease_ms,
            longest_erasure_ms=max(self._lease_ms, ERASE_AGAIN_MS),
        )

    def find(self, job_ids: Sequence[str]) -> tuple[Job, ...]:
        return reading.find_jobs(self._database, job_ids)

    def backlog(self) -> tuple[PoolBacklog, ...]:
        return workers.backlog(self._database, self._worker_seen_ms)

    def live_models(self) -> tuple[tuple[LiveModel, int], ...]:
        return workers.live_models(self._database, self._worker_seen_ms)

    def live_workers(self) -> tuple[WorkerCard, ...]:
        return workers.live_workers(self._database, self._worker_seen_ms)

    def due_erasures(self, limit: int = 100) -> tuple[Erasure, ...]:
        return retention.due_erasures(self._database, limit)

    def erasures_done(self, erasures: Sequence[Erasure]) -> None:
        retention.erasures_done(self._database, erasures)

    def put_off_erasures(self, erasures: Sequence[Erasure], delay_ms: int) -> None:
        retention.put_off_erasures(self._database, erasures, delay_ms)

    def expire_results(self, limit: int = 100) -> int:
        return retention.expire_results(self._database, limit)

    def erase_prompts(self, limit: int = 100) -> int:
        return retention.erase_prompts(self._database, limit)

    def settle_erased(self) -> bool:
        return self._database.settle()

    def forget(self, limit: int = 500) -> int:
        return retention.forget(self._database, limit)

    # -- the operator ------------------------------------------------------------------------
    def weigh(self, pool: str, tenant: str, weight: float) -> None:
        claims.weigh(self._database, pool, tenant, weight)

    # -- everyone ----------------------------------------------------------------------------
    def check_schema(self) -> None:
        schema.check(self._database)

    def ping(self) -> None:
        self._database.read(lambda connection: connection.execute(text("SELECT 1")))

    def close(self) -> None:
        """Close all connections to the database."""
        self._database.close()
