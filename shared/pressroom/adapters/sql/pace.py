"""What a full queue's ``domain.pace.Drain`` is measured from: the ends of late, the workers alive.

Bounded work, whatever the table's size: the newest ends are a range of ``ix_job_ended``, and of a
pool's no more are looked through for a lane's.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import ENDED, job, lane
from pressroom.adapters.sql.workers import claiming_workers
from pressroom.domain.pace import LONGEST_MS, Drain

# Ends of a queue that are read, and those of its pool among which a lane's are looked for.
_MOST_ENDS = 200
_MOST_LOOKED_AT = 2_000


class Place(NamedTuple):
    """A lane; without a tenant, a pool; without both, all pools."""

    pool: str | None = None
    tenant: str | None = None


def measure(database: Database, place: Place, over: int, worker_seen_ms: int) -> Drain:
    """How the queue at ``place`` has moved of late; ``over`` jobs must leave it. Raises DatabaseUnavailable."""

    def look(connection: Connection) -> Drain:
        now = database.now(connection).wall
        workers = claiming_workers(connection, place.pool, now - worker_seen_ms)
        if place.pool is None:
            pools = connection.scalars(select(lane.c.pool).distinct()).all()
            found = (at for pool in pools for at in connection.scalars(_ends_of(pool, now)))
            return Drain(now, over, sorted(found, reverse=True)[:_MOST_ENDS], workers)
        pool_ends = connection.scalars(_ends_of(place.pool, now)).all()
        if place.tenant is None:
            return Drain(now, over, pool_ends, workers)
        ends = connection.scalars(_ends_of(place.pool, now, place.tenant)).all()
        return Drain(now, over, ends, workers, pool_ends, _share(connection, place.pool, place.tenant))

    return database.read(look)


def _ends_of(pool: str, now: int, tenant: str | None = None) -> Select[Any]:
    ended = (
        select(job.c.finished_at, job.c.tenant)
        .where(ENDED, job.c.pool == pool, job.c.finished_at > now - LONGEST_MS)
        .order_by(job.c.finished_at.desc())
    )
    if tenant is None:
        return ended.with_only_columns(job.c.finished_at).limit(_MOST_ENDS)
    of_pool = ended.limit(_MOST_LOOKED_AT).subquery()
    return (
        select(of_pool.c.finished_at)
        .where(of_pool.c.tenant == tenant)
        .order_by(of_pool.c.finished_at.desc())
        .limit(_MOST_ENDS)
    )


def _share(connection: Connection, pool: str, tenant: str) -> float:
    """The part of the pool that is the lane's by weight, among those that have work."""
    own = connection.scalar(select(lane.c.weight).where(lane.c.pool == pool, lane.c.tenant == tenant))
    others = connection.scalar(
        select(func.sum(lane.c.weight)).where(lane.c.pool == pool, lane.c.active, lane.c.tenant != tenant)
    )
    weight = float(own or 1.0)
    return weight / (weight + float(others or 0.0))
