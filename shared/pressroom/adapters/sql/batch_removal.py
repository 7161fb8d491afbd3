"""Remove a batch: nobody sees it at once, and then page by page its jobs are erased and its rows go."""

from typing import Any

from sqlalchemy import Connection, delete, select, update

from pressroom.adapters.keeping import TOMBSTONE_MS
from pressroom.adapters.sql.batch_rows import locked_batch, select_batches
from pressroom.adapters.sql.batch_tables import batch, batch_row
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import job
from pressroom.adapters.sql.withdrawing import erase_facts, erase_row
from pressroom.domain.batch import BatchState


def erase(database: Database, tenant: str, batch_id: str) -> None:
    """See ``BatchStore.erase``."""

    def move(connection: Connection) -> None:
        found = locked_batch(connection, tenant, batch_id)
        now = database.now(connection).wall
        changes = _erased(now)
        if found.state is BatchState.RECEIVING:
            changes |= {"idempotency_key": None}
        if found.state in (BatchState.RECEIVING, BatchState.RUNNING):
            changes |= {"state": BatchState.CANCELED.value, "canceled_at": now}
        connection.execute(update(batch).where(batch.c.id == batch_id).values(changes))

    database.write(move)


def clear(database: Database, batch_id: str, limit: int, lease_ms: int) -> int:
    """See ``BatchStore.clear``."""

    def move(connection: Connection) -> int:
        of = connection.execute(
            select_batches()
            .where(batch.c.id == batch_id, batch.c.erased_at.is_not(None), batch.c.finished_at.is_(None))
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if of is None:
            return 0
        rows = connection.execute(
            select(batch_row.c.n, batch_row.c.job_id)
            .where(batch_row.c.batch_id == batch_id)
            .order_by(batch_row.c.n)
            .limit(limit)
        ).all()
        if not rows:
            _leave_tombstone(database, connection, of.id, came_whole=of.received_at is not None)
            return 0
        held = _erase_jobs(database, connection, [row.job_id for row in rows if row.job_id], lease_ms)
        gone = [row.n for row in rows if row.job_id not in held]
        connection.execute(delete(batch_row).where(batch_row.c.batch_id == batch_id, batch_row.c.n.in_(gone)))
        return len(gone)

    return database.write(move)


def expire(database: Database, limit: int) -> int:
    """See ``BatchStore.expire``."""

    def look(connection: Connection) -> list[str]:
        now = database.now(connection).wall
        wanted = select(batch.c.id).where(batch.c.expires_at <= now).order_by(batch.c.expires_at)
        return list(connection.scalars(wanted.limit(limit)))

    due = database.read(look)
    if not due:
        return 0

    def move(connection: Connection) -> int:
        now = database.now(connection).wall
        past = (batch.c.id.in_(due), batch.c.expires_at <= now)
        removed = connection.execute(delete(batch).where(*past, batch.c.erased_at.is_not(None))).rowcount
        erased = connection.execute(
            update(batch).where(*past, batch.c.erased_at.is_(None)).values(_erased(now))
        ).rowcount
        return removed + erased

    return database.write(move)


def _erased(now: int) -> dict[str, Any]:
    return {"erased_at": now, "finished_at": None, "expires_at": None}


def _erase_jobs(
    database: Database, connection: Connection, job_ids: list[str], lease_ms: int
) -> frozenset[str]:
    """Erase those that are not; the ones that somebody else holds just now are returned, untouched."""
    if not job_ids:
        return frozenset()
    free = connection.execute(
        erase_facts().where(job.c.id.in_(job_ids)).with_for_update(skip_locked=True, of=job)
    ).all()
    for row in free:
        if row.erased_at is None:
            erase_row(database, connection, row, lease_ms)
    there = frozenset(connection.scalars(select(job.c.id).where(job.c.id.in_(job_ids))))
    return there - {row.id for row in free}


def _leave_tombstone(database: Database, connection: Connection, batch_id: str, *, came_whole: bool) -> None:
    if not came_whole:
        connection.execute(delete(batch).where(batch.c.id == batch_id))
        return
    now = database.now(connection).wall
    connection.execute(
        update(batch)
        .where(batch.c.id == batch_id)
        .values(defaults={}, metadata={}, request_id=None, finished_at=now, expires_at=now + TOMBSTONE_MS)
    )
