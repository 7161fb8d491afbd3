"""Looks into the index of queued jobs (``ix_job_turn``), each of bounded work however long the queue is.

Planners are helped, with statistics and without, on both databases: no other index begins with the
pool; a look for one row is a scalar subquery with a limit, never EXISTS, which may become a join; and
it asks for the index's own order, or a scan of the table would look cheap for just one row.
"""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Select, func, literal, select

from pressroom.adapters.sql.tables import QUEUED, job


def queued(*columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """A select of queued jobs; the caller adds the pool, and what more it knows."""
    return select(*columns).select_from(job).where(QUEUED)


def in_order(wanted: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """In the order of the index: jobs of one lane and one model come as they are served."""
    return wanted.order_by(
        job.c.tenant, job.c.model_sha256, job.c.priority.desc(), job.c.created_at, job.c.id
    )


def due(
    pool: ColumnElement[str] | str,
    tenant: ColumnElement[str] | str,
    now: ColumnElement[int] | int,
    *columns: ColumnElement[Any],
) -> Select[*tuple[Any, ...]]:
    """A select of one lane's jobs that may run now."""
    return queued(*columns).where(
        job.c.pool == pool, job.c.tenant == tenant, job.c.due_at <= now, job.c.deadline_at > now
    )


def any_of(wanted: Select[*tuple[Any, ...]]) -> ColumnElement[bool]:
    """Whether there is such a job."""
    return in_order(wanted).limit(1).scalar_subquery().is_not(None)


def tenants_of(pool: str | ColumnElement[str]) -> CTE:
    """The tenants that have queued jobs in a pool, then one NULL; one step through the index each."""
    first = queued(job.c.tenant).where(job.c.pool == pool).order_by(job.c.tenant).limit(1)
    walk = select(first.scalar_subquery().label("tenant")).cte("walk", recursive=True)
    following = first.where(job.c.tenant > walk.c.tenant).correlate(walk).scalar_subquery()
    return walk.union_all(select(following).where(walk.c.tenant.is_not(None)))


def count_jobs(connection: Connection, wanted: Select[*tuple[Any, ...]], most: int) -> int:
    """How many of these jobs there are, but no more than ``most``."""
    return int(connection.scalar(select(number_of(in_order(wanted), most))) or 0)


def number_of(wanted: Select[*tuple[Any, ...]], most: int) -> ColumnElement[int]:
    """The number of rows, but no more than ``most``, for use within a statement."""
    return select(func.count()).select_from(wanted.limit(most).subquery()).scalar_subquery()


ONE = literal(1).label("one")
