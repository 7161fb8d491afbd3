"""Look at batches: one with its counts, a page of a tenant's, rows in order."""

from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select, tuple_

from pressroom.adapters.cursors import pack_cursor, unpack_cursor
from pressroom.adapters.refusals import batch_erased, batch_unknown
from pressroom.adapters.sql.batch_rows import select_batches, to_batch
from pressroom.adapters.sql.batch_tables import WAITING, batch, batch_row
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.reading import is_past, is_past_now, not_past, storable
from pressroom.adapters.sql.rows import JobRow, job_columns, with_outputs
from pressroom.adapters.sql.tables import job
from pressroom.domain.batch import Batch, BatchCounts, BatchRow, BatchState, RowState, counts_of
from pressroom.domain.job import Job
from pressroom.domain.states import State
from pressroom.jobs.batch_ports import BatchPage

# Each count is a range of ix_job_batch; all in one statement, so that they are of one moment.
_NUMBER = {
    state: select(func.count())
    .select_from(job)
    .where(job.c.batch == batch.c.id, job.c.state == state.value)
    .correlate(batch)
    .scalar_subquery()
    .label(f"jobs_{state.value}")
    for state in State
}
_OF_JOBS = frozenset(state.value for state in State)
_ROW = (
    batch_row.c.batch_id,
    batch_row.c.n,
    batch_row.c.custom_id,
    batch_row.c.job_id,
    batch_row.c.error_code.label("row_error_code"),
    batch_row.c.error_message.label("row_error_message"),
)


def one_batch(database: Database, tenant: str, batch_id: str) -> tuple[Batch, BatchCounts]:
    """See ``BatchStore.batch``."""
    wanted = select_batches().add_columns(*_NUMBER.values())

    def look(connection: Connection) -> tuple[Batch, BatchCounts]:
        row = connection.execute(wanted.where(batch.c.id == batch_id, batch.c.tenant == tenant)).one_or_none()
        if row is None:
            raise batch_unknown()
        if row.erased_at is not None or is_past_now(database, connection, row):
            raise batch_erased()
        found = to_batch(row)
        return found, counts_of(found, {state: getattr(row, f"jobs_{state.value}") for state in State})

    if not storable(batch_id):
        raise batch_unknown()
    return database.read(look)


def page_of_batches(database: Database, tenant: str, *, cursor: str | None, limit: int) -> BatchPage:
    """See ``BatchStore.page``."""
    wanted = select_batches().where(batch.c.tenant == tenant, batch.c.erased_at.is_(None))
    if cursor is not None:
        wanted = wanted.where(tuple_(batch.c.created_at, batch.c.id) < unpack_cursor(cursor))
    wanted = wanted.order_by(batch.c.created_at.desc(), batch.c.id.desc()).limit(limit + 1)

    def look(connection: Connection) -> BatchPage:
        now = database.now(connection).wall
        rows = connection.execute(wanted.where(not_past(batch.c.expires_at, now))).all()
        found = tuple(to_batch(row) for row in rows[:limit])
        more = len(rows) > limit and found
        return BatchPage(found, pack_cursor(found[-1].created_at, found[-1].id) if more else None)

    return database.read(look)


def rows_of(
    database: Database, batch_id: str, *, after: int, limit: int, state: RowState | None
) -> tuple[BatchRow, ...]:
    """See ``BatchStore.rows``."""
    wanted = _wanted(batch_id, after, state).limit(limit)

    def look(connection: Connection) -> tuple[BatchRow, ...]:
        rows = connection.execute(wanted).all()
        now = database.now(connection).wall
        kept = [row for row in rows if row.id is not None and row.erased_at is None and not is_past(row, now)]
        jobs = {made.id: made for made in with_outputs(connection, kept)}
        return tuple(_to_row(row, jobs.get(row.job_id)) for row in rows)

    return database.read(look)


def _wanted(batch_id: str, after: int, state: RowState | None) -> Select[*tuple[Any, ...]]:
    columns = select(*_ROW, batch.c.state.label("batch_state"), *job_columns())
    if state is not None and state.value in _OF_JOBS:
        # By the index of jobs: few rows of many may stand so.
        wanted = columns.select_from(job).join(
            batch_row, and_(batch_row.c.batch_id == job.c.batch, batch_row.c.n == job.c.batch_row)
        )
        wanted = wanted.join(batch, batch.c.id == job.c.batch)
        asked = and_(job.c.batch == batch_id, job.c.state == state.value, job.c.batch_row > after)
        if state is not RowState.CANCELED:
            return wanted.where(asked).order_by(job.c.batch_row)
    wanted = columns.select_from(batch_row).join(batch, batch.c.id == batch_row.c.batch_id)
    wanted = wanted.outerjoin(job, job.c.id == batch_row.c.job_id)
    wanted = wanted.where(batch_row.c.batch_id == batch_id, batch_row.c.n > after)
    is_canceled = batch.c.state == BatchState.CANCELED.value
    match state:
        case RowState.WAITING:
            wanted = wanted.where(WAITING, ~is_canceled)
        case RowState.REFUSED:
            wanted = wanted.where(batch_row.c.error_code.is_not(None))
        case RowState.CANCELED:
            wanted = wanted.where(or_(job.c.state == state.value, and_(WAITING, is_canceled)))
    return wanted.order_by(batch_row.c.n)


def _to_row(row: JobRow, made: Job | None) -> BatchRow:
    if row.row_error_code is not None:
        return BatchRow(
            row.n,
            row.custom_id,
            RowState.REFUSED,
            error_code=row.row_error_code,
            error_message=row.row_error_message,
        )
    if row.job_id is None:
        canceled = row.batch_state == BatchState.CANCELED.value
        return BatchRow(row.n, row.custom_id, RowState.CANCELED if canceled else RowState.WAITING)
    # Of an erased job the state is left, and of a forgotten one that its time was over.
    state = RowState(row.state) if row.state is not None else RowState.EXPIRED
    return BatchRow(row.n, row.custom_id, state, row.job_id, made)
