"""Look at jobs: one, a page of a tenant's, where one stands in the queue."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Connection, String, and_, bindparam, or_, select, tuple_

from pressroom.adapters.cursors import pack_cursor, unpack_cursor
from pressroom.adapters.refusals import job_erased, job_unknown
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.queue_index import ONE, in_order, number_of, queued, tenants_of
from pressroom.adapters.sql.rows import JobRow, select_jobs, with_outputs
from pressroom.adapters.sql.tables import KEPT, job
from pressroom.adapters.sql.workers import live_workers_of
from pressroom.domain.job import Job
from pressroom.domain.states import State
from pressroom.jobs.ports import Page, Standing, Waiting

# A queue position is counted up to here, in the own lane and in all others together.
_MOST_AHEAD = 1_000
_MOST_LANES = 100

# The statements of every submit and fetch are made once: to write one anew takes longer than to run it.
_JOB = select_jobs().where(job.c.id == bindparam("asked_id"), job.c.tenant == bindparam("asked_tenant"))

_POOL = queued(ONE).where(job.c.pool == bindparam("asked_pool"))
_AHEAD = or_(
    job.c.priority > bindparam("asked_priority"),
    and_(
        job.c.priority == bindparam("asked_priority"),
        tuple_(job.c.created_at, job.c.id)
        < tuple_(bindparam("asked_created_at", type_=BigInteger), bindparam("asked_id", type_=String)),
    ),
)
_TENANT = bindparam("asked_tenant", type_=String)
# The other lanes are two ranges of the index: to skip the own one as `<>` does would be to read it.
_PLACE = select(
    queued(ONE).where(job.c.id == bindparam("asked_id", type_=String)).scalar_subquery().label("queued"),
    number_of(in_order(_POOL.where(job.c.tenant == _TENANT, _AHEAD)), _MOST_AHEAD).label("mine"),
    number_of(in_order(_POOL.where(job.c.tenant < _TENANT)), _MOST_AHEAD).label("before"),
    number_of(in_order(_POOL.where(job.c.tenant > _TENANT)), _MOST_AHEAD).label("after"),
)
_LANES = select(
    number_of(select(tenants_of(bindparam("asked_pool", type_=String)).c.tenant), _MOST_LANES + 2)
)


def storable(text: str) -> bool:
    """Whether the database can hold this text at all; what it cannot hold, it has not."""
    return "\x00" not in text and text.isascii()


def one_job(database: Database, tenant: str, job_id: str) -> Job:
    """See ``JobStore.job``."""
    if not storable(job_id):
        raise job_unknown()

    def look(connection: Connection) -> Job:
        row = connection.execute(_JOB, {"asked_id": job_id, "asked_tenant": tenant}).one_or_none()
        if row is None:
            raise job_unknown()
        if row.erased_at is not None or is_past_now(database, connection, row):
            raise job_erased()
        return with_outputs(connection, [row])[0]

    return database.read(look)


def is_past(row: JobRow, now: int) -> bool:
    """Whether the time of a job's result is over, be it erased already or not."""
    return row.expires_at is not None and row.expires_at <= now


def is_past_now(database: Database, connection: Connection, row: JobRow) -> bool:
    """``is_past`` of one row; the clock is asked for ended jobs only."""
    return row.expires_at is not None and is_past(row, database.now(connection).wall)


def not_past(expires_at: ColumnElement[int | None], now: int) -> ColumnElement[bool]:
    """``is_past`` the other way round, as a condition."""
    return or_(expires_at.is_(None), expires_at > now)


def find_jobs(database: Database, job_ids: Sequence[str]) -> tuple[Job, ...]:
    """See ``JobStore.find``."""
    wanted = [job_id for job_id in job_ids if storable(job_id)]

    def look(connection: Connection) -> tuple[Job, ...]:
        rows = connection.execute(select_jobs().where(job.c.id.in_(wanted), KEPT)).all()
        return tuple(with_outputs(connection, rows))

    return database.read(look) if wanted else ()


def standings(database: Database, job_ids: Sequence[str]) -> dict[str, Standing]:
    """See ``JobStore.standings``."""
    wanted = [job_id for job_id in job_ids if storable(job_id)]

    def look(connection: Connection) -> dict[str, Standing]:
        facts = select(job.c.id, job.c.state, job.c.attempt)
        now = database.now(connection).wall
        found = connection.execute(facts.where(job.c.id.in_(wanted), KEPT, not_past(job.c.expires_at, now)))
        return {row.id: Standing(State(row.state), row.attempt) for row in found}

    return database.read(look) if wanted else {}


def page_of_jobs(
    database: Database,
    tenant: str,
    *,
    states: Sequence[State],
    model: str | None,
    cursor: str | None,
    limit: int,
) -> Page:
    """See ``JobStore.jobs``."""
    behind = unpack_cursor(cursor) if cursor is not None else None
    if model is not None and not storable(model):
        return Page((), None)
    statement = select_jobs().where(job.c.tenant == tenant, KEPT)
    if states:
        statement = statement.where(job.c.state.in_([state.value for state in states]))
    if model is not None:
        statement = statement.where(job.c.model_name == model)
    if behind is not None:
        statement = statement.where(tuple_(job.c.created_at, job.c.id) < behind)
    statement = statement.order_by(job.c.created_at.desc(), job.c.id.desc()).limit(limit + 1)

    def look(connection: Connection) -> Page:
        now = database.now(connection).wall
        rows = connection.execute(statement.where(not_past(job.c.expires_at, now))).all()
        jobs = with_outputs(connection, rows[:limit])
        more = len(rows) > limit and jobs
        return Page(tuple(jobs), pack_cursor(jobs[-1].created_at, jobs[-1].id) if more else None)

    return database.read(look)


def waiting(database: Database, asked: Job, seen_ms: int) -> Waiting:
    """See ``JobStore.waiting``.

    The estimate: all that is ahead in the own lane, and from each other lane as much again, since
    lanes take turns."""

    def look(connection: Connection) -> Waiting:
        since = database.now(connection).wall - seen_ms
        alive, trouble = live_workers_of(connection, asked.pool, asked.model, since)
        place = connection.execute(
            _PLACE,
            {
                "asked_id": asked.id,
                "asked_pool": asked.pool,
                "asked_tenant": asked.tenant,
                "asked_priority": asked.priority,
                "asked_created_at": asked.created_at,
            },
        ).one()
        if not place.queued:
            return Waiting(None, alive, trouble)
        others = min(place.before + place.after, _MOST_AHEAD)
        if others:
            # Without the own lane, and without the NULL at the end of the walk. Lanes may have emptied
            # since the statement before.
            lanes = (connection.scalar(_LANES, {"asked_pool": asked.pool}) or 0) - 2
            others = min(others, (place.mine + 1) * max(lanes, 1))
        return Waiting(1 + place.mine + others, alive, trouble)

    return database.read(look)
