"""Cancel a job, or erase all that it holds."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from pressroom.adapters.keeping import TOMBSTONE_MS
from pressroom.adapters.refusals import job_erased, job_unknown
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.endings import charged, ending_facts, note_end
from pressroom.adapters.sql.feedback_tables import feedback
from pressroom.adapters.sql.reading import is_past_now, storable
from pressroom.adapters.sql.rows import JobRow, job_columns, kept_until, select_jobs, with_outputs
from pressroom.adapters.sql.tables import erasure, idempotency_key, job, output
from pressroom.domain.job import Job
from pressroom.domain.spending import NOTHING, UNKNOWN
from pressroom.domain.states import TERMINAL, Actor, State, check_transition


def cancel(database: Database, tenant: str, job_id: str) -> Job:
    """See ``JobStore.cancel``."""

    def move(connection: Connection) -> Job:
        wanted = select_jobs().add_columns(*ending_facts())
        row = _locked(connection, wanted.where(job.c.id == job_id, job.c.tenant == tenant), job_id)
        if is_past_now(database, connection, row):
            raise job_erased()
        return with_outputs(connection, [cancel_row(database, connection, row)])[0]

    return database.write(move)


def cancel_row(database: Database, connection: Connection, row: JobRow) -> JobRow:
    """Cancel the job of a row, locked, of ``job_columns`` and ``ending_facts``; the row as it is then."""
    now = database.now(connection).wall
    match State(row.state):
        case State.QUEUED:
            check_transition(State.QUEUED, State.CANCELED, Actor.FRONT)
            changes: dict[str, Any] = {
                "state": State.CANCELED.value,
                "finish_reason": "canceled",
                "cancel_requested_at": now,
                "finished_at": now,
                **kept_until(row, now),
                **charged(row),
            }
        case State.RUNNING:
            # The first one counts: whoever asks again waits for the same end.
            first = func.coalesce(job.c.cancel_requested_at, now)
            changes = {"cancel_requested": True, "cancel_requested_at": first}
        case _:
            return row
    changed = connection.execute(
        update(job).where(job.c.id == row.id).values(changes).returning(*job_columns())
    ).one()
    if changed.state == State.CANCELED.value:
        note_end(connection, row, State.CANCELED, now, finish_reason="canceled", error_code=None)
    return changed


def erase(database: Database, tenant: str, job_id: str, lease_ms: int) -> None:
    """See ``JobStore.erase``."""

    def move(connection: Connection) -> None:
        row = _locked(connection, erase_facts().where(job.c.id == job_id, job.c.tenant == tenant), job_id)
        erase_row(database, connection, row, lease_ms)

    database.write(move)


def erase_facts() -> Select[*tuple[Any, ...]]:
    """A select of what ``erase_row`` needs."""
    return select(
        job.c.id,
        job.c.tenant,
        job.c.state,
        job.c.finished_at,
        job.c.erased_at,
        job.c.lease_ms,
        *ending_facts(),
    )


def _locked(connection: Connection, wanted: Select[*tuple[Any, ...]], job_id: str) -> JobRow:
    """The row, locked. Raises JobUnknown, JobErased."""
    row = connection.execute(wanted.with_for_update()).one_or_none() if storable(job_id) else None
    if row is None:
        raise job_unknown()
    if row.erased_at is not None:
        raise job_erased()
    return row


def erase_row(database: Database, connection: Connection, row: JobRow, lease_ms: int) -> None:
    """Empty the row, locked, of ``erase_facts`` into a tombstone, and leave two erasures: one for now, and
    one for what an attempt that was still running may write until its lease is over. A job that ended a lease
    ago is settled: one erasure does."""
    now = database.now(connection).wall
    before = State(row.state)
    ended = before in TERMINAL
    # Nobody will learn what of a running one was read.
    unread = UNKNOWN if before is State.RUNNING else NOTHING
    if not ended:
        check_transition(before, State.CANCELED, Actor.FRONT)
    connection.execute(delete(output).where(output.c.job_id == row.id))
    connection.execute(delete(feedback).where(feedback.c.job_id == row.id))
    connection.execute(
        update(job)
        .where(job.c.id == row.id)
        .values(
            state=before.value if ended else State.CANCELED.value,
            finished_at=row.finished_at if ended else now,
            **emptied(now),
            **({} if ended else charged(row, unread)),
        )
    )
    if not ended:
        note_end(connection, row, State.CANCELED, now, unread, finish_reason="canceled", error_code=None)
    lease = max(row.lease_ms or 0, lease_ms)
    settled = ended and row.finished_at + lease <= now
    connection.execute(
        insert(erasure),
        [
            {"job_id": row.id, "tenant": row.tenant, "due_at": due_at, "settled": settled}
            for due_at in ((now,) if settled else (now, now + lease))
        ],
    )


def emptied(now: int) -> dict[str, Any]:
    """The values that are left of a job's content: none."""
    return {
        "input": {},
        "params": {},
        "metadata": {},
        "finish_reason": None,
        "error_code": None,
        "error_message": None,
        "request_id": None,
        "worker": None,
        "lease_clock": None,
        "lease_until": None,
        "lease_ms": None,
        "expires_at": None,
        "prompt_expires_at": None,
        "erased_at": now,
        "due_at": may_go_at(literal(now, BigInteger)),
        "webhook": None,
    }


def may_go_at(erased_at: ColumnElement[Any]) -> ColumnElement[int]:
    """When the tombstone of a job that was erased then may go."""
    named_until = (
        select(func.coalesce(func.max(idempotency_key.c.expires_at), 0))
        .where(idempotency_key.c.job_id == job.c.id)
        .correlate(job)
        .scalar_subquery()
    )
    after = erased_at + TOMBSTONE_MS
    return case((named_until > after, named_until), else_=after)
