"""``MemoryJobStore``: the port ``JobStore`` without a database, on a clock that a test may move."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from pressroom.adapters.cursors import pack_cursor, unpack_cursor
from pressroom.adapters.keeping import TOMBSTONE_MS, key_expires_at
from pressroom.adapters.memory.admission import check_room
from pressroom.adapters.memory.erasures import Erasures
from pressroom.adapters.memory.keys import MemoryKeyStore
from pressroom.adapters.memory.lanes import Lanes
from pressroom.adapters.memory.rows import Key, Row, added
from pressroom.adapters.memory.spending import MemorySpendingStore
from pressroom.adapters.memory.webhooks import MemoryWebhookStore
from pressroom.adapters.memory.workers import Workers
from pressroom.adapters.patience import Patience
from pressroom.adapters.refusals import job_erased, job_unknown, key_reused
from pressroom.domain.cost import estimated_cost
from pressroom.domain.ending import NEVER_RAN, TOO_LATE, WORKER_LOST, next_state
from pressroom.domain.job import Claim, Completion, Held, Job, NewJob, Usage
from pressroom.domain.retry import Failure, RetryPolicy
from pressroom.domain.spending import NOTHING, UNKNOWN, Delivered
from pressroom.domain.states import TERMINAL, Actor, State, check_transition
from pressroom.domain.times import wall_ms
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


class MemoryJobStore:
    """A queue in one process. Thread-safe. ``clock`` gives milliseconds since the epoch."""

    def __init__(
        self,
        clock: Callable[[], int] = wall_ms,
        *,
        lease_ms: int = 60_000,
        worker_seen_ms: int = 15_000,
        sweep_ms: int = 1_000,
        webhooks: MemoryWebhookStore | None = None,
        keys: MemoryKeyStore | None = None,
    ) -> None:
        self._clock = clock
        self._key_store = keys or MemoryKeyStore(clock)
        self.spending = MemorySpendingStore(clock)
        self.webhooks = webhooks or MemoryWebhookStore(clock)
        self._lease_ms = lease_ms
        self._patience = Patience(lease_ms, sweep_ms, lambda: clock() / 1000)
        self._lock = threading.RLock()
        self._rows: dict[str, Row] = {}
        self._keys: dict[tuple[str, str], Key] = {}
        self._lanes = Lanes()
        self._workers = Workers(clock, worker_seen_ms)
        self._erasures = Erasures()

    @contextmanager
    def locked(self) -> Iterator[Mapping[str, Row]]:
        """The rows, while nobody else moves them."""
        with self._lock:
            yield self._rows

    # -- the front ---------------------------------------------------------------------------
    def submit(self, new: NewJob, key: IdempotencyKey | None, limits: QueueLimits) -> Submitted:
        with self._lock:
            earlier = self.named(new.tenant, key) if key is not None else None
            if earlier is not None:
                return earlier
            check_room(new, limits, self._rows.values(), self._lanes, self._workers, self._clock())
            if new.id in self._rows:
                raise ValueError(f"there is a job {new.id} already")
            check_transition(None, State.QUEUED, Actor.FRONT)
            holding = self.spending.hold(new)
            now = self._clock()
            job = Job.accepted(new, now)
            cost = estimated_cost(new.kind, new.params)
            self._rows[new.id] = Row(job, cost, webhook=new.webhook, holding=holding)
            self._lanes.open(new.pool, new.tenant)
            if key is not None:
                self._keys[new.tenant, key.key] = Key(key.body_mac, new.id, key_expires_at(job, key.ttl_s))
            return Submitted(job, created=True)

    def named(self, tenant: str, key: IdempotencyKey) -> Submitted | None:
        with self._lock:
            known = self._keys.get((tenant, key.key))
            if known is None or known.expires_at <= self._clock():
                return None
            if known.body_mac != key.body_mac:
                raise key_reused()
            return Submitted(self._row(tenant, known.job_id).job, created=False)

    def job(self, tenant: str, job_id: str) -> Job:
        with self._lock:
            return self._row(tenant, job_id).job

    def waiting(self, job: Job) -> Waiting:
        with self._lock:
            alive, trouble = self._workers.running(job.pool, job.model)
            row = self._rows.get(job.id)
            if row is None or row.job.state is not State.QUEUED:
                return Waiting(None, alive, trouble)
            pool = [other for other in self._queued() if other.job.pool == job.pool]
            mine = sum(other.job.tenant == job.tenant and other.order < row.order for other in pool)
            others = [other.job.tenant for other in pool if other.job.tenant != job.tenant]
            return Waiting(1 + mine + min(len(others), (mine + 1) * len(set(others))), alive, trouble)

    def standings(self, job_ids: Sequence[str]) -> dict[str, Standing]:
        with self._lock:
            kept = [job for job in self.find(job_ids) if not self._past(self._rows[job.id])]
            return {job.id: Standing(job.state, job.attempt) for job in kept}

    def jobs(
        self,
        tenant: str,
        *,
        states: Sequence[State] = (),
        model: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        behind = unpack_cursor(cursor) if cursor is not None else None
        with self._lock:
            found = sorted(
                (
                    row.job
                    for row in self._rows.values()
                    if row.job.tenant == tenant
                    and row.erased_at is None
                    and not self._past(row)
                    and (not states or row.job.state in states)
                    and (model is None or row.job.model.name == model)
                    and (behind is None or (row.job.created_at, row.job.id) < behind)
                ),
                key=lambda job: (job.created_at, job.id),
                reverse=True,
            )
        page = found[:limit]
        more = len(found) > limit and page
        return Page(tuple(page), pack_cursor(page[-1].created_at, page[-1].id) if more else None)

    def cancel(self, tenant: str, job_id: str) -> Job:
        with self._lock:
            row = self._row(tenant, job_id)
            if row.job.state is State.QUEUED:
                check_transition(State.QUEUED, State.CANCELED, Actor.FRONT)
                row.end(State.CANCELED, self._clock(), "canceled")
                row.job = replace(row.job, cancel_requested_at=row.job.finished_at)
                self._note_end(row)
            elif row.job.state is State.RUNNING:
                asked_at = row.job.cancel_requested_at or self._clock()
                row.job = replace(row.job, cancel_requested=True, cancel_requested_at=asked_at)
            return row.job

    def erase(self, tenant: str, job_id: str) -> None:
        with self._lock:
            self._erase(self._row(tenant, job_id, past=True))

    # -- the worker --------------------------------------------------------------------------
    def claim(
        self, *, worker: str, pool: str, models: Sequence[LiveModel], limit: int, lease_ms: int, idle: bool
    ) -> list[Claim]:
        with self._lock:
            now = self._clock()
            turn = self._lanes.turn(
                self._rows.values(),
                pool=pool,
                models=models,
                limit=limit,
                idle=idle,
                now=now,
                places=self._key_store.places(self._rows.values()),
            )
            claims = []
            for job_id in turn:
                row = self._rows[job_id]
                check_transition(row.job.state, State.RUNNING, Actor.WORKER)
                row.job = replace(row.job, state=State.RUNNING, attempt=row.job.attempt + 1, claimed_at=now)
                row.worker, row.lease_until, row.lease_ms = worker, now + lease_ms, lease_ms
                claims.append(Claim(row.job, row.job.attempt, row.alone))
            return claims

    def renew(self, worker: str, held: Sequence[Held], lease_ms: int) -> Renewal:
        with self._lock:
            now = self._clock()
            lost, canceled = set(), set()
            for item in held:
                row = self._fenced(item)
                if row is None or row.worker != worker:
                    lost.add(item)
                    continue
                row.lease_until, row.lease_ms = now + lease_ms, lease_ms
                if row.job.cancel_requested:
                    canceled.add(item)
            return Renewal(frozenset(lost), frozenset(canceled))

    def complete(self, held: Held, completion: Completion) -> bool:
        check_transition(State.RUNNING, completion.state, Actor.WORKER)
        if completion.state not in TERMINAL:
            raise ValueError(f"an attempt does not complete as {completion.state}; release it instead")
        with self._lock:
            row = self._fenced(held)
            if row is None:
                return False
            row.end(completion.state, self._clock(), completion.finish_reason)
            row.store(completion, completion.error_code, completion.error_message)
            self._note_end(row, completion.delivered)
            self._lanes.settle(row.job.pool, row.job.tenant, completion.usage.engine_ms - row.cost)
            return True

    def release(self, held: Held, failure: Failure, partial: Completion, policy: RetryPolicy) -> State | None:
        with self._lock:
            row = self._fenced(held)
            if row is None:
                return None
            state = self._end_attempt(row, failure, partial, policy, Actor.WORKER)
            self._lanes.settle(row.job.pool, row.job.tenant, partial.usage.engine_ms - row.cost)
            return state

    def announce(self, card: WorkerCard) -> None:
        with self._lock:
            self._workers.announce(card)

    def withdraw(self, worker: str) -> None:
        with self._lock:
            self._workers.withdraw(worker)

    # -- the relay ---------------------------------------------------------------------------
    def reap(self, policy: RetryPolicy, limit: int = 500) -> Reaped:
        leases = self._patience.reaps_leases()
        with self._lock:
            now = self._clock()
            moved: dict[State, list[str]] = {state: [] for state in State}
            for row in list(self._rows.values()):
                if sum(map(len, moved.values())) >= limit:
                    break
                state = self._swept(row, now, leases, policy)
                if state is not None:
                    moved[state].append(row.job.id)
        self._patience.swept()
        return Reaped(
            requeued=tuple(moved[State.QUEUED]),
            failed=tuple(moved[State.FAILED]),
            canceled=tuple(moved[State.CANCELED]),
            expired=tuple(moved[State.EXPIRED]),
        )

    def find(self, job_ids: Sequence[str]) -> tuple[Job, ...]:
        with self._lock:
            found = (self._rows.get(job_id) for job_id in job_ids)
            return tuple(row.job for row in found if row is not None and row.erased_at is None)

    def backlog(self) -> tuple[PoolBacklog, ...]:
        with self._lock:
            now = self._clock()
            live = self._workers.live()
            pools = self._lanes.pools() | {card.pool for card in live}
            due = [row.job for row in self._queued() if row.job.due_at <= now]
            return tuple(
                PoolBacklog(
                    pool,
                    sum(job.pool == pool for job in due),
                    sum(card.free for card in live if card.pool == pool),
                    min((job.due_at for job in due if job.pool == pool), default=None),
                )
                for pool in sorted(pools)
            )

    def live_models(self) -> tuple[tuple[LiveModel, int], ...]:
        with self._lock:
            return self._workers.models()

    def live_workers(self) -> tuple[WorkerCard, ...]:
        with self._lock:
            return self._workers.live()

    def due_erasures(self, limit: int = 100) -> tuple[Erasure, ...]:
        with self._lock:
            return self._erasures.due(self._clock(), limit)

    def erasures_done(self, erasures: Sequence[Erasure]) -> None:
        with self._lock:
            self._erasures.done(erasures)

    def put_off_erasures(self, erasures: Sequence[Erasure], delay_ms: int) -> None:
        with self._lock:
            self._erasures.put_off(erasures, self._clock() + delay_ms)

    def expire_results(self, limit: int = 100) -> int:
        with self._lock:
            due = [row for row in self._rows.values() if self._past(row)]
            due.sort(key=lambda row: row.job.expires_at or 0)
            for row in due[:limit]:
                row.empty(self._clock())
                self._to_erase(row, self._clock(), settled=True)
            return len(due[:limit])

    def erase_prompts(self, limit: int = 100) -> int:
        with self._lock:
            now = self._clock()
            due = [row for row in self._rows.values() if row.prompt_due(now)]
            for row in due[:limit]:
                row.job = replace(row.job, input={}, prompt_erased_at=now)
            return len(due[:limit])

    def settle_erased(self) -> bool:
        return True

    def forget(self, limit: int = 500) -> int:
        with self._lock:
            now = self._clock()
            keys = [place for place, key in self._keys.items() if key.expires_at <= now][:limit]
            named = {key.job_id for key in self._keys.values()}
            named |= self._erasures.jobs()
            tombstones = [
                job_id
                for job_id, row in self._rows.items()
                if row.erased_at is not None and row.erased_at <= now - TOMBSTONE_MS and job_id not in named
            ][:limit]
            for place in keys:
                del self._keys[place]
            for job_id in tombstones:
                del self._rows[job_id]
            return len(keys) + len(tombstones)

    # -- the operator ------------------------------------------------------------------------
    def weigh(self, pool: str, tenant: str, weight: float) -> None:
        with self._lock:
            self._lanes.weigh(pool, tenant, weight)

    # -- everyone ----------------------------------------------------------------------------
    def check_schema(self) -> None:
        pass

    def ping(self) -> None:
        pass

    # -- batches -----------------------------------------------------------------------------
    def queued(self, pool: str | None, tenant: str | None = None) -> int:
        """How many jobs of one lane, of a pool, or of all are queued."""
        with self._lock:
            places = [(row.job.pool, row.job.tenant) for row in self._queued()]
        return sum(pool in (None, of) and tenant in (None, whose) for of, whose in places)

    def state_of(self, job_id: str) -> State | None:
        """Also of an erased job; None: it is forgotten."""
        with self._lock:
            return self._rows[job_id].job.state if job_id in self._rows else None

    # -- parts -------------------------------------------------------------------------------
    def _past(self, row: Row) -> bool:
        return row.job.expires_at is not None and row.job.expires_at <= self._clock()

    def _row(self, tenant: str, job_id: str, *, past: bool = False) -> Row:
        row = self._rows.get(job_id)
        if row is None or row.job.tenant != tenant:
            raise job_unknown()
        if row.erased_at is not None or (self._past(row) and not past):
            raise job_erased()
        return row

    def _note_end(self, row: Row, delivered: Delivered = NOTHING) -> None:
        """In the same step as the end itself."""
        self.spending.charge(row.charged(delivered))
        self.webhooks.tell(row.job, row.webhook)

    def _queued(self) -> list[Row]:
        return [row for row in self._rows.values() if row.job.state is State.QUEUED]

    def _fenced(self, held: Held) -> Row | None:
        row = self._rows.get(held.job_id)
        return row if row is not None and row.runs(held.attempt) else None

    def _end_attempt(
        self, row: Row, failure: Failure, partial: Completion, policy: RetryPolicy, actor: Actor
    ) -> State:
        after = next_state(
            failure,
            row.budget,
            ran_alone=row.alone,
            cancel_requested=row.job.cancel_requested,
            policy=policy,
        )
        check_transition(State.RUNNING, after.state, actor)
        now = self._clock()
        row.job = replace(row.job, errors=after.budget.errors, crashes=after.budget.crashes)
        if after.state is not State.QUEUED:
            row.end(after.state, now, partial.finish_reason)
            row.store(partial, after.code, after.message)
            self._note_end(row, partial.delivered)
            return after.state
        row.job = replace(
            row.job,
            state=State.QUEUED,
            due_at=now + after.delay_ms,
            claimed_at=None,
            first_output_at=None,
            usage=added(row.job.usage, partial.usage),
        )
        row.alone = after.alone
        row.leave_worker()
        return after.state

    def _swept(self, row: Row, now: int, leases: bool, policy: RetryPolicy) -> State | None:
        job = row.job
        if job.state is State.QUEUED and job.deadline_at <= now:
            check_transition(State.QUEUED, State.EXPIRED, Actor.RELAY)
            row.end(State.EXPIRED, now, "expired")
            row.job = replace(row.job, error_code=TOO_LATE.code, error_message=NEVER_RAN)
            self._note_end(row)
            return State.EXPIRED
        lapsed = leases and row.lease_until <= now
        if job.state is not State.RUNNING or not (lapsed or job.deadline_at <= now - self._lease_ms):
            return None
        failure = TOO_LATE if job.deadline_at <= now else WORKER_LOST
        reason = "canceled" if job.cancel_requested else failure.code
        return self._end_attempt(
            row, failure, Completion(State.FAILED, reason, (), Usage()), policy, Actor.REAPER
        )

    def _erase(self, row: Row) -> None:
        now = self._clock()
        if not row.job.terminal:
            check_transition(row.job.state, State.CANCELED, Actor.FRONT)
        lease = max(row.lease_ms, self._lease_ms)
        ended_at = row.job.finished_at
        settled = ended_at is not None and ended_at + lease <= now
        if not row.job.terminal:
            # Nobody will learn what of a running one was read.
            unread = UNKNOWN if row.job.state is State.RUNNING else NOTHING
            row.end(State.CANCELED, now, "canceled")
            self._note_end(row, unread)
        row.empty(now)
        self._to_erase(row, now, settled=settled)
        if not settled:
            self._to_erase(row, now + lease)

    def _to_erase(self, row: Row, due_at: int, *, settled: bool = False) -> None:
        self._erasures.add(row.job.id, row.job.tenant, due_at, settled=settled)
