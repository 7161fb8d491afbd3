"""What the use cases need from the outside. Adapters fill these; the tests run one suite over all.

Every ``JobStore`` method is one transaction that has happened when it returns, or has not when it
raises ``DatabaseUnavailable`` (a lost COMMIT answer may be either: callers reread). Moves are
guarded UPDATEs: the first one wins, a later one returns False or finds nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pressroom.contract.events import Delta, End, Started
from pressroom.domain.job import Claim, Completion, Held, Job, NewJob
from pressroom.domain.limits import UNLIMITED, KeyLimits
from pressroom.domain.retry import Failure, RetryPolicy
from pressroom.domain.scopes import EVERY_SCOPE, Scope
from pressroom.domain.states import State


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """``body_mac`` is an HMAC-SHA256 of the normalised request: it outlives the job's erasure.

    ``ttl_s``: how long it names the job, from its acceptance; None is a week beyond the job's life."""

    key: str
    body_mac: str
    ttl_s: int | None = None


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Bounds of the queue: most queued jobs of one lane, of a pool, and of all pools."""

    lane: int = 20_000
    pool: int = 100_000
    total: int = 200_000


@dataclass(frozen=True, slots=True)
class Submitted:
    """``created`` is False when the idempotency key named an earlier job."""

    job: Job
    created: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where a queued job stands. ``position`` is an estimate, 1 is next; None if it is not queued.

    ``live_workers`` would take it; where there is none, ``trouble`` says what keeps one from it."""

    position: int | None
    live_workers: int
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a follower looks up of a job between its events."""

    state: State
    attempt: int


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. ``next`` continues behind the last one."""

    jobs: tuple[Job, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Renewal:
    """Answer to a heartbeat: leases that are gone, and jobs whose cancel was asked for."""

    lost: frozenset[Held] = frozenset()
    canceled: frozenset[Held] = frozenset()


@dataclass(frozen=True, slots=True)
class Reaped:
    """What one sweep of the reaper moved."""

    requeued: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    canceled: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()

    @property
    def ended(self) -> tuple[str, ...]:
        return self.failed + self.canceled + self.expired


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A model as a live worker runs it; ``provider`` is the execution provider (cpu, cuda)."""

    name: str
    version: str
    sha256: str
    provider: str


@dataclass(frozen=True, slots=True)
class WorkerCard:
    """A worker incarnation: one process life. ``free`` is how many more jobs it would claim now;
    ``trouble``, in a sentence, why it claims none."""

    id: str
    pool: str
    host: str
    pid: int
    slots: int
    free: int
    models: tuple[LiveModel, ...]
    draining: bool = False
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class PoolBacklog:
    """What waits in a pool, and the claims that its live workers could make at once."""

    pool: str
    due: int
    free: int
    oldest_due_at: int | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """Outputs and events of an erased job that still have to be removed outside the database. ``settled``:
    the job ended long before, so that nobody writes for it any more."""

    id: int
    job_id: str
    tenant: str
    settled: bool = False


class JobStore(Protocol):
    """The database: the queue and the truth."""

    # -- the front ---------------------------------------------------------------------------
    def submit(self, new: NewJob, key: IdempotencyKey | None, limits: QueueLimits) -> Submitted:
        """Insert the job ``queued``, or return the one its key names.

        Raises KeyReused (another body), JobErased (the key's job was erased), QueueFull."""

    def named(self, tenant: str, key: IdempotencyKey) -> Submitted | None:
        """The job that a key names; None: none. Raises KeyReused (another body), JobErased."""

    def job(self, tenant: str, job_id: str) -> Job:
        """Raises JobUnknown (also for another tenant's), JobErased."""

    def waiting(self, job: Job) -> Waiting:
        """Queue position (bounded work, whatever the queue's length) and live workers for its model."""

    def standings(self, job_ids: Sequence[str]) -> dict[str, Standing]:
        """Where each job stands, in one query; erased and unknown ones are absent. No tenant is
        checked: the caller has been let in to each of them."""

    def jobs(
        self,
        tenant: str,
        *,
        states: Sequence[State] = (),
        model: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        """A page of a tenant's jobs, without erased ones. Raises CursorInvalid."""

    def cancel(self, tenant: str, job_id: str) -> Job:
        """Queued: canceled now. Running: asked for; the worker hears it with its next heartbeat.
        Terminal: unchanged. Returns the job as it is then."""

    def erase(self, tenant: str, job_id: str) -> None:
        """Remove prompt, params, metadata, outputs; end the job if it has not ended; leave a
        tombstone and an erasure to do. Erasing twice raises JobErased."""

    # -- the worker --------------------------------------------------------------------------
    def claim(
        self, *, worker: str, pool: str, models: Sequence[LiveModel], limit: int, lease_ms: int, idle: bool
    ) -> list[Claim]:
        """Move up to ``limit`` due jobs to ``running`` by fair order, attempt + 1, leased.

        A job that must run alone is claimed only when ``idle`` (the worker holds nothing), and
        then it is the only one returned. A queued job past its deadline is not claimed."""

    def renew(self, worker: str, held: Sequence[Held], lease_ms: int) -> Renewal:
        """Extend all leases in one statement."""

    def complete(self, held: Held, completion: Completion) -> bool:
        """End the job under its fencing token, result and settlement in the same transaction.
        False: the attempt is not the current one any more; nothing was stored."""

    def release(self, held: Held, failure: Failure, partial: Completion, policy: RetryPolicy) -> State | None:
        """End the attempt without a result: queued again or failed (with the partial outputs), as
        ``domain.retry`` decides. None: fenced, nothing was stored."""

    def announce(self, card: WorkerCard) -> None:
        """Insert or refresh the worker's row (``seen_at`` by the database's clock)."""

    def withdraw(self, worker: str) -> None:
        """Remove the worker's row."""

    # -- the relay ---------------------------------------------------------------------------
    def reap(self, policy: RetryPolicy, limit: int = 500) -> Reaped:
        """Running jobs whose lease ran out go back or fail (a cancel that was asked for wins);
        queued ones past their deadline expire; running ones far past it fail."""

    def find(self, job_ids: Sequence[str]) -> tuple[Job, ...]:
        """Jobs of any tenant, for the system itself; erased and unknown ones are absent."""

    def backlog(self) -> tuple[PoolBacklog, ...]:
        """Per pool, for tickets and metrics. Counts are bounded, not exact above some thousands."""

    def live_models(self) -> tuple[tuple[LiveModel, int], ...]:
        """Each model that live workers run, with the number of workers."""

    def live_workers(self) -> tuple[WorkerCard, ...]:
        """The card of each live worker, by id."""

    def due_erasures(self, limit: int = 100) -> tuple[Erasure, ...]:
        """The longest due first."""

    def erasures_done(self, erasures: Sequence[Erasure]) -> None:
        """Strike them off. Those that are no more are passed over."""

    def put_off_erasures(self, erasures: Sequence[Erasure], delay_ms: int) -> None:
        """They could not be done: they are due again after ``delay_ms``, and others come first."""

    def expire_results(self, limit: int = 100) -> int:
        """As ``erase``, by policy instead of by the owner, of up to ``limit`` jobs whose ``expires_at`` has
        passed, the longest past first; how many there were."""

    def erase_prompts(self, limit: int = 100) -> int:
        """Empty the input of up to ``limit`` ended jobs whose prompts' time is over; how many there were."""

    def settle_erased(self) -> bool:
        """Let no log of the database's own hold what was erased, where that is ours to decide. False: others
        use it now; ask again."""

    def forget(self, limit: int = 500) -> int:
        """Remove idempotency keys past their time, and tombstones that nothing names any more.
        Returns how many rows went."""

    # -- the operator ------------------------------------------------------------------------
    def weigh(self, pool: str, tenant: str, weight: float) -> None:
        """Give a lane its weight (above 0, 1 by default): its share of the pool while others want it too."""

    # -- everyone ----------------------------------------------------------------------------
    def check_schema(self) -> None:
        """Raises SchemaMismatch unless the database is at this code's migration."""

    def ping(self) -> None:
        """Raises DatabaseUnavailable."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. Times are milliseconds since the epoch.

    ``replaces`` is the key that this one was rotated from."""

    id: str
    tenant: str
    label: str
    created_at: int
    revoked_at: int | None = None
    scopes: frozenset[Scope] = EVERY_SCOPE
    expires_at: int | None = None
    replaces: str | None = None
    limits: KeyLimits = UNLIMITED


class KeyStore(Protocol):
    """Tenants and their API keys; secrets are stored hashed."""

    def add(self, key: ApiKey, secret_hash: str) -> None:
        """Also makes the tenant when it is new."""

    def find(self, key_id: str) -> tuple[ApiKey, str] | None:
        """The key and its secret's hash, revoked ones too."""

    def all(self) -> tuple[ApiKey, ...]: ...

    def revoke(self, key_id: str) -> bool:
        """False: no such key, or revoked before."""

    def limit(self, key_id: str, limits: KeyLimits) -> bool:
        """Bound what a key may do from now on. False: no such key, or revoked."""

    def rotate(self, key: ApiKey, secret_hash: str, old_expires_at: int) -> bool:
        """Add ``key`` and let the one that it ``replaces`` end at ``old_expires_at`` at the latest.
        False, and nothing changes: no such key, or revoked before."""


class ArtifactStore(Protocol):
    """Bytes of outputs. A path is ``<job>/<attempt>/<n>.<ext>``; a put is whole or not at all."""

    def put(self, path: str, content: bytes, media_type: str) -> None:
        """Durable when it returns. Raises ArtifactsUnavailable."""

    def get(self, path: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes ``start`` to ``end`` (exclusive). Raises OutputUnknown, ArtifactsUnavailable."""

    def erase(self, job_id: str, *, keep_attempt: int | None = None) -> None:
        """Remove all of a job's artifacts, or those of superseded attempts: the ones with a number
        below ``keep_attempt``. Idempotent."""

    def ping(self) -> None: ...


StreamEvent = Started | Delta | End


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event in its place: ``seq`` counts from 1 without holes within an attempt. ``keep_s``: how long
    the stream is kept from now on; None is as long as all are."""

    job_id: str
    attempt: int
    seq: int
    event: StreamEvent
    keep_s: int | None = None


class EventLog(Protocol):
    """The streams in Redis: fast, bounded, and allowed to be lost."""

    def append(self, events: Sequence[Numbered]) -> None:
        """One round trip. Events of a superseded attempt are dropped. Raises RedisUnavailable."""

    def read(self, after: Mapping[str, tuple[int, int]], timeout_s: float) -> dict[str, list[Numbered]]:
        """Events of each job behind its (attempt, seq), waiting up to ``timeout_s`` for the first.
        Raises RedisUnavailable."""

    def erase(self, *job_ids: str, noted: bool = True) -> None:
        """Nothing of these jobs is left, and nothing follows: that is noted for a day, unless nobody writes
        for them any more (not ``noted``). Raises RedisUnavailable."""


class ResultCache(Protocol):
    """Finished jobs in Redis, by tenant: what most fetches hit."""

    def put(self, job: Job, ttl_s: int) -> None:
        """Never over a tombstone. Raises RedisUnavailable."""

    def get(self, tenant: str, job_id: str) -> Job | None:
        """None when absent or another tenant's. Raises RedisUnavailable."""

    def erase(self, *job_ids: str, noted: bool = True) -> None:
        """Remove them, and leave tombstones for a day over which no late put goes, unless nobody writes for
        them any more (not ``noted``). Raises RedisUnavailable."""

    def ping(self) -> None: ...


class Tickets(Protocol):
    """Wake-up messages: each names a pool, none names a job. Losing or doubling one does no harm."""

    def send(self, pool: str, count: int = 1) -> None:
        """Best effort. Raises RedisUnavailable."""

    def pending(self, pool: str) -> int:
        """Raises RedisUnavailable."""


@dataclass(frozen=True, slots=True)
class Followed:
    """An event with the SSE id a client resumes from."""

    id: str
    name: str
    data: Mapping[str, object] = field(default_factory=dict)


class Follower(Protocol):
    """Follows jobs for clients."""

    def follow(
        self, tenant: str, job_id: str, last_id: str | None, gone: Callable[[], bool] | None = None
    ) -> Iterator[Followed | None]:
        """Events behind ``last_id``; None is a heartbeat when nothing happened for a while. Ends, soon,
        when ``gone`` says that nobody listens any more."""

    def wait(self, job_id: str, timeout_s: float, gone: Callable[[], bool] | None = None) -> None:
        """Return when the job has ended or is erased, nobody waits any more, or the time is up."""

    def stop(self) -> None:
        """End all streams: the process stops."""
