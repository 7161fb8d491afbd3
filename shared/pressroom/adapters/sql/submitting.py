"""Accept jobs: one transaction inserts them, an idempotency key and, for a newcomer, its lane."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from pressroom.adapters.keeping import key_expires_at
from pressroom.adapters.refusals import job_erased, key_reused, queue_full
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.holds import Holding, booked_first, hold
from pressroom.adapters.sql.pace import Place, measure
from pressroom.adapters.sql.queue_index import ONE, count_jobs, queued
from pressroom.adapters.sql.rows import select_jobs, with_outputs
from pressroom.adapters.sql.tables import idempotency_key, job, lane
from pressroom.domain.cost import estimated_cost
from pressroom.domain.errors import KeyReused
from pressroom.domain.job import Job, NewJob
from pressroom.domain.pace import Bound
from pressroom.domain.states import Actor, State, check_transition
from pressroom.jobs.ports import IdempotencyKey, QueueLimits, Submitted

# The statements of every submit are made once: to write one anew takes longer than to run it.
_UPSERTS: dict[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_NAMED = select(idempotency_key.c.body_mac, idempotency_key.c.job_id).where(
    idempotency_key.c.tenant == bindparam("of_tenant"),
    idempotency_key.c.key == bindparam("of_key"),
    idempotency_key.c.expires_at > bindparam("not_after"),
)
_INSERT_JOB = insert(job)
_OPEN_LANE = {name: upsert(lane).on_conflict_do_nothing() for name, upsert in _UPSERTS.items()}


def _take_key(upsert: Callable[..., Any]) -> Executable:
    statement = upsert(idempotency_key)
    taken: Executable = statement.on_conflict_do_update(
        index_elements=[idempotency_key.c.tenant, idempotency_key.c.key],
        set_={name: statement.excluded[name] for name in ("body_mac", "job_id", "expires_at")},
        where=idempotency_key.c.expires_at <= bindparam("not_after"),
    ).returning(literal(1))
    return taken


_TAKE_KEY = {name: _take_key(upsert) for name, upsert in _UPSERTS.items()}


class Admission:
    """Keeps the queue within its bounds without counting it at every submit. Thread-safe.

    A count is trusted for a second and grows by what this process adds meanwhile; a refusal is
    always counted anew. So the bounds are exact for one process, and may be overshot by what
    others add within a second.
    """

    _TRUST_S = 1.0
    _REMEMBERED = 10_000
    # How far beyond a bound is counted, for those that others have added within the second.
    _BEYOND = 1_000

    def __init__(self, database: Database, worker_seen_ms: int = 15_000) -> None:
        self._database = database
        self._worker_seen_ms = worker_seen_ms
        self._lock = threading.Lock()
        self._counts: dict[Place, tuple[float, int]] = {}

    def check(self, pool: str, tenant: str, limits: QueueLimits) -> None:
        """Raises QueueFull unless there is room for one more, which is then counted in."""
        for bound, place, limit in (
            (Bound.LANE, Place(pool, tenant), limits.lane),
            (Bound.POOL, Place(pool), limits.pool),
            (Bound.ALL, Place(), limits.total),
        ):
            over = self._over(place, limit)
            if over > 0:
                raise queue_full(bound, limit, measure(self._database, place, over, self._worker_seen_ms))

    def _over(self, place: Place, limit: int) -> int:
        """How many must leave before there is room for one more; 0: there is room, and it is taken."""
        with self._lock:
            counted_at, count = self._counts.get(place, (float("-inf"), 0))
            if count < limit and time.monotonic() - counted_at < self._TRUST_S:
                self._counts[place] = (counted_at, count + 1)
                return 0
        asked_at = time.monotonic()
        most = limit + self._BEYOND
        count = self._database.read(lambda connection: count_queued(connection, *place, limit=most))
        if count >= limit:
            return count - limit + 1
        with self._lock:
            if len(self._counts) >= self._REMEMBERED:
                self._counts.clear()
            self._counts[place] = (asked_at, count + 1)
        return 0


def submit(
    database: Database, admission: Admission, new: NewJob, key: IdempotencyKey | None, limits: QueueLimits
) -> Submitted:
    """See ``JobStore.submit``."""
    known = earlier(database, new.tenant, key)
    if known is not None:
        return known
    admission.check(new.pool, new.tenant, limits)
    try:
        stored = booked_first(database, lambda connection: insert_job(database, connection, new, key))
    except _KeyTaken:
        known = earlier(database, new.tenant, key)
        # The other submit has committed, or the insert would not have met it.
        if known is None:
            raise KeyReused("This Idempotency-Key has just been used; send the request again.") from None
        return known
    return Submitted(stored, created=True)


class _KeyTaken(Exception):
    """Another submit stored the key between the look and the insert; the transaction is undone."""


def earlier(database: Database, tenant: str, key: IdempotencyKey | None) -> Submitted | None:
    """What the key names already. Raises KeyReused, JobErased."""
    if key is None:
        return None

    def look(connection: Connection) -> Submitted | None:
        now = database.now(connection).wall
        named = connection.execute(_NAMED, {"of_tenant": tenant, "of_key": key.key, "not_after": now}).first()
        if named is None:
            return None
        if named.body_mac != key.body_mac:
            raise key_reused()
        row = connection.execute(select_jobs().where(job.c.id == named.job_id)).one()
        if row.erased_at is not None:
            raise job_erased()
        return Submitted(with_outputs(connection, [row])[0], created=False)

    return database.read(look)


def insert_job(
    database: Database, connection: Connection, new: NewJob, key: IdempotencyKey | None = None
) -> Job:
    """Insert a job ``queued``, and hold what it may cost. Raises _KeyTaken, BudgetSpent, TokensSpent."""
    now = database.now(connection).wall
    stored = Job.accepted(new, now)
    connection.execute(_INSERT_JOB, _values(stored, new, hold(connection, new, now)))
    if key is not None:
        _insert_key(connection, stored, key, now)
    _open_lanes(connection, [stored])
    return stored


def insert_jobs(connection: Connection, news: Sequence[tuple[NewJob, Holding]], now: int) -> None:
    """Insert jobs without a key, as a submit at ``now`` would each, with what is held for them."""
    jobs = [(Job.accepted(new, now), new, holding) for new, holding in news]
    connection.execute(_INSERT_JOB, [_values(*job) for job in jobs])
    _open_lanes(connection, [stored for stored, _, _ in jobs])


def _values(stored: Job, new: NewJob, holding: Holding) -> dict[str, Any]:
    check_transition(None, State.QUEUED, Actor.FRONT)
    return {
        "id": stored.id,
        "tenant": stored.tenant,
        "pool": stored.pool,
        "kind": stored.kind,
        "model_name": stored.model.name,
        "model_version": stored.model.version,
        "model_sha256": stored.model.sha256,
        "state": stored.state.value,
        "priority": stored.priority,
        "input": dict(stored.input),
        "params": dict(stored.params),
        "metadata": dict(stored.metadata),
        "request_id": new.request_id,
        "webhook": dict(new.webhook) if new.webhook is not None else None,
        "batch": new.batch,
        "batch_row": new.batch_row,
        "requeue_of": new.requeue_of,
        "cost": estimated_cost(stored.kind, stored.params),
        "result_ttl_s": stored.result_ttl_s,
        "prompt_ttl_s": stored.prompt_ttl_s,
        "events_ttl_s": stored.events_ttl_s,
        "created_at": stored.created_at,
        "due_at": stored.due_at,
        "deadline_at": stored.deadline_at,
        "attempt": 0,
        "errors": 0,
        "crashes": 0,
        "alone": False,
        "cancel_requested": False,
        "tokens_in": 0,
        "tokens_out": 0,
        "engine_ms": 0,
        "api_key": new.meter.api_key if new.meter is not None else None,
        "meter": new.meter.as_row() if new.meter is not None else None,
        **holding.values(),
    }


def _open_lanes(connection: Connection, jobs: Sequence[Job]) -> None:
    for pool, tenant in sorted({(stored.pool, stored.tenant) for stored in jobs}):
        connection.execute(
            _OPEN_LANE[connection.dialect.name],
            {"pool": pool, "tenant": tenant, "virtual_time": 0.0, "weight": 1.0, "active": False},
        )


def _insert_key(connection: Connection, stored: Job, key: IdempotencyKey, now: int) -> None:
    """Raises _KeyTaken when another submit has it; a key past its time is taken over."""
    taken = connection.execute(
        _TAKE_KEY[connection.dialect.name],
        {
            "tenant": stored.tenant,
            "key": key.key,
            "body_mac": key.body_mac,
            "job_id": stored.id,
            "expires_at": key_expires_at(stored, key.ttl_s),
            "not_after": now,
        },
    ).first()
    if taken is None:
        raise _KeyTaken


def count_queued(connection: Connection, pool: str | None, tenant: str | None, *, limit: int) -> int:
    """How many jobs of one lane, of a pool, or of all are queued; counted up to ``limit``."""
    if pool is None:
        # Pool by pool, since the index of queued jobs begins with it.
        pools = connection.scalars(select(lane.c.pool).distinct()).all()
        return min(sum(count_queued(connection, one, None, limit=limit) for one in pools), limit)
    wanted = queued(ONE).where(job.c.pool == pool)
    if tenant is not None:
        wanted = wanted.where(job.c.tenant == tenant)
    return count_jobs(connection, wanted, limit)
