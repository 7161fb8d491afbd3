"""A worker's turn: the due jobs that are fairly its own move to ``running`` under a lease.

The lanes of the pool are locked first, by tenant, and waited for: one claim of a pool happens at a
time, and each sees what the one before it charged. (Skipping locked lanes instead leaves workers
idle while work is queued.) Jobs are then taken with SKIP LOCKED, so that a cancel in progress holds
nobody up. ``domain.serving`` makes the choice.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Select,
    String,
    bindparam,
    false,
    func,
    or_,
    select,
    update,
)

from pressroom.adapters.sql.clock import Now
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.queue_index import ONE, any_of, due, in_order, queued, tenants_of
from pressroom.adapters.sql.rows import job_columns, to_job
from pressroom.adapters.sql.tables import QUEUED, RUNNING, api_key, job, lane
from pressroom.domain.fairness import Lane, check_weight, rejoined
from pressroom.domain.job import Claim
from pressroom.domain.serving import ALONE_PATIENCE_MS, Candidate, Turn, take_turn
from pressroom.domain.states import Actor, State, check_transition
from pressroom.jobs.ports import LiveModel


def claim(
    database: Database,
    *,
    worker: str,
    pool: str,
    models: Sequence[LiveModel],
    limit: int,
    lease_ms: int,
    idle: bool,
) -> list[Claim]:
    """See ``JobStore.claim``."""
    runs = tuple(sorted({(model.sha256, model.name) for model in models}))
    if limit < 1 or not runs:
        return []

    def look(connection: Connection) -> bool:
        asked = {"of_pool": pool, "now": database.now(connection).wall}
        return connection.scalar(_ANY_DUE, asked) is not None

    def move(connection: Connection) -> list[Claim]:
        working, mine = _tenants(connection, pool, runs, database.now(connection).wall)
        if not mine:
            return []
        lanes = _locked_lanes(connection, pool, working)
        now = database.now(connection)
        places = _places(connection, mine)
        full = tuple(sorted(key for key, left in places.items() if left <= 0))
        queue_of = _queues(connection, pool, runs, now, limit, idle, full)
        before = {item.tenant: item for item in lanes}
        after = rejoined(lanes, working, _resting_time(connection, pool, lanes, working))
        served = (item for item in after if item.tenant in mine)
        turn = take_turn(served, queue_of, limit=limit, idle=idle, places=places)
        _store_lanes(connection, pool, before, {item.tenant: item for item in after} | turn.lanes)
        return _run(connection, turn, worker, now, lease_ms)

    # Most looks find nothing: they take no lock.
    return database.write(move) if database.read(look) else []


def weigh(database: Database, pool: str, tenant: str, weight: float) -> None:
    """See ``JobStore.weigh``."""
    check_weight(weight)
    new_lane = {"pool": pool, "tenant": tenant, "virtual_time": 0.0, "weight": weight, "active": False}
    statement = (
        database.upsert(lane)
        .values(new_lane)
        .on_conflict_do_update(index_elements=[lane.c.pool, lane.c.tenant], set_={"weight": weight})
    )
    database.write(lambda connection: connection.execute(statement))


# Statements are built once, since that takes longer than to run them.
_POOL = bindparam("of_pool", type_=String)
_NOW = bindparam("now", type_=BigInteger)
_CANDIDATE = (
    job.c.id,
    job.c.priority,
    job.c.created_at,
    job.c.due_at,
    job.c.alone,
    job.c.cost,
    job.c.api_key,
)
_ANY_DUE = in_order(queued(ONE).where(job.c.pool == _POOL, job.c.due_at <= _NOW)).limit(1)
# The lanes that have work or had it at the last claim.
_LANES = (
    select(lane.c.tenant, lane.c.virtual_time, lane.c.weight, lane.c.active)
    .where(lane.c.pool == _POOL, or_(lane.c.active, lane.c.tenant.in_(bindparam("working", expanding=True))))
    .order_by(lane.c.tenant)
    .with_for_update()
)
_LATEST = select(func.max(lane.c.virtual_time)).where(lane.c.pool == _POOL)
_CHARGED = (
    update(lane)
    .where(lane.c.pool == _POOL, lane.c.tenant == bindparam("of_tenant"))
    .values(virtual_time=bindparam("time"), active=bindparam("now_active"))
)
# Keys whose concurrency is bounded. Their rows are locked: another pool's claim counts after this one.
_BOUNDED = (
    select(api_key.c.id, api_key.c.concurrency)
    .where(api_key.c.concurrency.is_not(None), api_key.c.tenant.in_(bindparam("tenants", expanding=True)))
    .order_by(api_key.c.id)
    .with_for_update()
)
_RUNNING_OF = (
    select(job.c.api_key, func.count().label("jobs"))
    .where(RUNNING, job.c.api_key.in_(bindparam("keys", expanding=True)))
    .group_by(job.c.api_key)
)
_TAKEN = (
    update(job)
    .where(job.c.id.in_(bindparam("job_ids", expanding=True)), QUEUED)
    .values(attempt=job.c.attempt + 1)
    .returning(*job_columns())
)

Runs = tuple[tuple[str, str], ...]


@lru_cache
def _tenants_with_work(runs: Runs) -> Select[*tuple[Any, ...]]:
    walk = tenants_of(_POOL)
    lane_has = due(_POOL, walk.c.tenant, _NOW, ONE).correlate(walk)
    mine = or_(
        *(
            any_of(lane_has.where(job.c.model_sha256 == sha256, job.c.model_name == name))
            for sha256, name in runs
        )
    )
    return select(walk.c.tenant, mine.label("mine")).where(walk.c.tenant.is_not(None), any_of(lane_has))


@lru_cache
def _best_of_a_lane(idle: bool, some_full: bool) -> Select[*tuple[Any, ...]]:
    """A tenant's best jobs of one model; those that are to run alone only where nobody else runs, and those of
    keys that have no place left not at all."""
    wanted = due(_POOL, bindparam("of_tenant", type_=String), _NOW, *_CANDIDATE).where(
        job.c.model_sha256 == bindparam("of_sha256"), job.c.model_name == bindparam("of_model")
    )
    if not idle:
        patience_over = job.c.due_at <= bindparam("out_of_patience", type_=BigInteger)
        wanted = wanted.where(or_(job.c.alone == false(), patience_over))
    if some_full:
        elsewhere = job.c.api_key.not_in(bindparam("full", expanding=True))
        wanted = wanted.where(or_(job.c.api_key.is_(None), elsewhere))
    return in_order(wanted).limit(bindparam("most", type_=Integer)).with_for_update(skip_locked=True)


def _tenants(
    connection: Connection, pool: str, runs: Runs, now: int
) -> tuple[frozenset[str], frozenset[str]]:
    """Tenants with due jobs in the pool, and those of them with jobs that this worker can run."""
    rows = connection.execute(_tenants_with_work(runs), {"of_pool": pool, "now": now}).all()
    return frozenset(row.tenant for row in rows), frozenset(row.tenant for row in rows if row.mine)


def _places(connection: Connection, tenants: frozenset[str]) -> dict[str, int]:
    """How many more jobs may run of each key of these tenants whose concurrency is bounded."""
    bounded = connection.execute(_BOUNDED, {"tenants": sorted(tenants)}).all()
    if not bounded:
        return {}
    counted = connection.execute(_RUNNING_OF, {"keys": [row.id for row in bounded]})
    running = {row.api_key: row.jobs for row in counted}
    return {row.id: row.concurrency - running.get(row.id, 0) for row in bounded}


def _locked_lanes(connection: Connection, pool: str, working: frozenset[str]) -> list[Lane]:
    rows = connection.execute(_LANES, {"of_pool": pool, "working": sorted(working)})
    return [Lane(row.tenant, row.virtual_time, row.weight, row.active) for row in rows]


def _resting_time(connection: Connection, pool: str, lanes: Iterable[Lane], working: frozenset[str]) -> float:
    """The largest virtual time of the pool, looked up only where ``rejoined`` needs it."""
    if any(item.active and item.tenant in working for item in lanes):
        return 0.0
    return float(connection.scalar(_LATEST, {"of_pool": pool}) or 0.0)


def _queues(
    connection: Connection,
    pool: str,
    runs: Runs,
    now: Now,
    limit: int,
    idle: bool,
    full: tuple[str, ...],
) -> Callable[[str], Iterable[Candidate]]:
    """How to look into a tenant's queue: its best jobs of each model, locked, merged into one order."""

    asked: dict[str, Any] = {"of_pool": pool, "now": now.wall, "most": limit}
    if full:
        asked["full"] = list(full)
    if not idle:
        asked["out_of_patience"] = now.wall - ALONE_PATIENCE_MS

    def queue_of(tenant: str) -> Iterable[Candidate]:
        found = [
            connection.execute(
                _best_of_a_lane(idle, bool(full)),
                {**asked, "of_tenant": tenant, "of_sha256": sha256, "of_model": name},
            ).all()
            for sha256, name in runs
        ]
        merged = heapq.merge(*found, key=lambda row: (-row.priority, row.created_at, row.id))
        return (Candidate(row.id, row.cost, row.alone, now.wall - row.due_at, row.api_key) for row in merged)

    return queue_of


def _store_lanes(connection: Connection, pool: str, before: dict[str, Lane], after: dict[str, Lane]) -> None:
    changed = [
        {
            "of_pool": pool,
            "of_tenant": item.tenant,
            "time": item.virtual_time,
            "now_active": item.active,
        }
        for item in after.values()
        if item != before[item.tenant]
    ]
    if changed:
        connection.execute(_CHARGED, changed)


def _run(connection: Connection, turn: Turn, worker: str, now: Now, lease_ms: int) -> list[Claim]:
    if not turn.job_ids:
        return []
    check_transition(State.QUEUED, State.RUNNING, Actor.WORKER)
    rows = connection.execute(
        _TAKEN,
        {
            "job_ids": list(turn.job_ids),
            "state": State.RUNNING.value,
            "worker": worker,
            "claimed_at": now.wall,
            "lease_clock": now.lease_clock,
            "lease_until": now.lease + lease_ms,
            "lease_ms": lease_ms,
        },
    )
    claimed = {row.id: Claim(to_job(row), row.attempt, row.alone) for row in rows}
    return [claimed[job_id] for job_id in turn.job_ids if job_id in claimed]
