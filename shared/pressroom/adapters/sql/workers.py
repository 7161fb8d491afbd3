"""Who is alive: each worker incarnation keeps one row, refreshed with its heartbeat."""

from collections import Counter

from sqlalchemy import Connection, bindparam, delete, false, func, select, union

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.queue_index import ONE, count_jobs, queued
from pressroom.adapters.sql.tables import job, lane, worker
from pressroom.domain.job import PinnedModel
from pressroom.jobs.ports import LiveModel, PoolBacklog, WorkerCard

# A backlog is counted up to here.
_MOST_DUE = 5_000
_TROUBLE_LENGTH = 255
# A worker that has not been seen for this long is forgotten.
FORGOTTEN_MS = 10 * 60_000

_LIVE_IN_POOL = select(worker.c.models, worker.c.trouble).where(
    worker.c.pool == bindparam("of_pool"),
    worker.c.seen_at >= bindparam("seen_since"),
    worker.c.draining == false(),
)


def announce(database: Database, card: WorkerCard) -> None:
    """See ``JobStore.announce``."""

    def store(connection: Connection) -> None:
        facts = {
            "pool": card.pool,
            "host": card.host,
            "pid": card.pid,
            "slots": card.slots,
            "free": card.free,
            "models": [
                {
                    "name": model.name,
                    "version": model.version,
                    "sha256": model.sha256,
                    "provider": model.provider,
                }
                for model in card.models
            ],
            "draining": card.draining,
            "trouble": card.trouble[:_TROUBLE_LENGTH] if card.trouble is not None else None,
            "seen_at": database.now(connection).wall,
        }
        connection.execute(
            database.upsert(worker)
            .values(id=card.id, **facts)
            .on_conflict_do_update(index_elements=[worker.c.id], set_=facts)
        )

    database.write(store)


def withdraw(database: Database, worker_id: str) -> None:
    """See ``JobStore.withdraw``."""
    database.write(lambda connection: connection.execute(delete(worker).where(worker.c.id == worker_id)))


def live_workers_of(
    connection: Connection, pool: str, model: PinnedModel, seen_since: int
) -> tuple[int, str | None]:
    """Workers that would take a job of this model: seen lately, not draining, not in trouble. Where
    there is none, what keeps one from it."""
    rows = connection.execute(_LIVE_IN_POOL, {"of_pool": pool, "seen_since": seen_since})
    troubles = [
        row.trouble
        for row in rows
        if any(item["name"] == model.name and item["sha256"] == model.sha256 for item in row.models)
    ]
    well = troubles.count(None)
    return well, None if well else next((trouble for trouble in troubles if trouble), None)


def claiming_workers(connection: Connection, pool: str | None, seen_since: int) -> int:
    """Live workers of a pool, or of all, that nothing keeps from claiming."""
    wanted = select(func.count()).where(
        worker.c.seen_at >= seen_since, worker.c.draining == false(), worker.c.trouble.is_(None)
    )
    return int(connection.scalar(wanted if pool is None else wanted.where(worker.c.pool == pool)) or 0)


def live_models(database: Database, seen_ms: int) -> tuple[tuple[LiveModel, int], ...]:
    """See ``JobStore.live_models``. A draining worker takes no more jobs and does not count."""

    def look(connection: Connection) -> tuple[tuple[LiveModel, int], ...]:
        since = database.now(connection).wall - seen_ms
        runs = connection.scalars(
            select(worker.c.models).where(worker.c.seen_at >= since, worker.c.draining == false())
        )
        counted = Counter(
            LiveModel(item["name"], item["version"], item["sha256"], item["provider"])
            for run in runs
            for item in run
        )
        return tuple(sorted(counted.items(), key=lambda pair: (pair[0].name, pair[0].provider)))

    return database.read(look)


def live_workers(database: Database, seen_ms: int) -> tuple[WorkerCard, ...]:
    """See ``JobStore.live_workers``. A draining worker does not count."""

    def look(connection: Connection) -> tuple[WorkerCard, ...]:
        since = database.now(connection).wall - seen_ms
        rows = connection.execute(
            select(worker)
            .where(worker.c.seen_at >= since, worker.c.draining == false())
            .order_by(worker.c.id)
        )
        return tuple(
            WorkerCard(
                id=row.id,
                pool=row.pool,
                host=row.host,
                pid=row.pid,
                slots=row.slots,
                free=row.free,
                models=tuple(LiveModel(**model) for model in row.models),
                trouble=row.trouble,
            )
            for row in rows
        )

    return database.read(look)


def backlog(database: Database, seen_ms: int) -> tuple[PoolBacklog, ...]:
    """See ``JobStore.backlog``: every pool that has ever had a job or has a live worker."""

    def look(connection: Connection) -> tuple[PoolBacklog, ...]:
        now = database.now(connection).wall
        alive = worker.c.seen_at >= now - seen_ms
        free = {
            row.pool: int(row.free)
            for row in connection.execute(
                select(worker.c.pool, func.sum(worker.c.free).label("free"))
                .where(alive, worker.c.draining == false())
                .group_by(worker.c.pool)
            )
        }
        pools = connection.scalars(
            union(select(lane.c.pool).distinct(), select(worker.c.pool).where(alive)).order_by("pool")
        ).all()
        return tuple(_pool_backlog(connection, pool, free.get(pool, 0), now) for pool in pools)

    return database.read(look)


def _pool_backlog(connection: Connection, pool: str, free: int, now: int) -> PoolBacklog:
    due = job.c.due_at <= now
    count = count_jobs(connection, queued(ONE).where(job.c.pool == pool, due), _MOST_DUE)
    # The concatenation keeps planners from sorting the whole pool: they walk ix_job_due instead.
    oldest = queued(job.c.due_at).where((job.c.pool + "") == pool, due).order_by(job.c.due_at).limit(1)
    return PoolBacklog(pool, count, free, connection.scalar(oldest) if count else None)
