"""What is kept for how long: erasures to finish outside the database, results and tombstones past their time."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, exists, insert, select, update

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.feedback_tables import feedback
from pressroom.adapters.sql.rows import JobRow
from pressroom.adapters.sql.tables import (
    ERASED,
    EXPIRING,
    PROMPT_EXPIRING,
    erasure,
    idempotency_key,
    job,
    output,
)
from pressroom.adapters.sql.withdrawing import emptied, may_go_at
from pressroom.jobs.ports import Erasure

# A tombstone whose erasures are not done is looked at again.
_UNSETTLED_MS = 60_000


def due_erasures(database: Database, limit: int) -> tuple[Erasure, ...]:
    """See ``JobStore.due_erasures``."""

    def look(connection: Connection) -> tuple[Erasure, ...]:
        rows = connection.execute(
            select(erasure.c.id, erasure.c.job_id, erasure.c.tenant, erasure.c.settled)
            .where(erasure.c.due_at <= database.now(connection).wall)
            .order_by(erasure.c.due_at, erasure.c.id)
            .limit(limit)
        )
        return tuple(Erasure(row.id, row.job_id, row.tenant, bool(row.settled)) for row in rows)

    return database.read(look)


def erasures_done(database: Database, done: Sequence[Erasure]) -> None:
    """See ``JobStore.erasures_done``."""
    ids = [each.id for each in done]
    if ids:
        database.write(lambda connection: connection.execute(delete(erasure).where(erasure.c.id.in_(ids))))


def put_off_erasures(database: Database, failed: Sequence[Erasure], delay_ms: int) -> None:
    """See ``JobStore.put_off_erasures``."""
    ids = [each.id for each in failed]

    def move(connection: Connection) -> None:
        due_at = database.now(connection).wall + delay_ms
        connection.execute(update(erasure).where(erasure.c.id.in_(ids)).values(due_at=due_at))

    if ids:
        database.write(move)


def expire_results(database: Database, limit: int) -> int:
    """See ``JobStore.expire_results``. Only ended jobs have a time, so that their states stay as they are."""

    def due(now: int) -> Select[*tuple[Any, ...]]:
        wanted = select(job.c.id, job.c.tenant).where(EXPIRING, job.c.expires_at <= now)
        return wanted.order_by(job.c.expires_at).limit(limit)

    def empty(connection: Connection, rows: Sequence[JobRow], now: int) -> None:
        ids = [row.id for row in rows]
        connection.execute(delete(output).where(output.c.job_id.in_(ids)))
        connection.execute(delete(feedback).where(feedback.c.job_id.in_(ids)))
        connection.execute(update(job).where(job.c.id.in_(ids)).values(emptied(now)))
        # Nobody writes for a job that ended so long ago: no second one, as the owner's erasure has.
        erasures = [{"job_id": row.id, "tenant": row.tenant, "due_at": now, "settled": True} for row in rows]
        connection.execute(insert(erasure), erasures)

    return _a_page(database, due, empty)


def erase_prompts(database: Database, limit: int) -> int:
    """See ``JobStore.erase_prompts``."""

    def due(now: int) -> Select[*tuple[Any, ...]]:
        wanted = select(job.c.id).where(PROMPT_EXPIRING, job.c.prompt_expires_at <= now)
        return wanted.order_by(job.c.prompt_expires_at).limit(limit)

    def empty(connection: Connection, rows: Sequence[JobRow], now: int) -> None:
        erased: dict[str, Any] = {"input": {}, "prompt_expires_at": None, "prompt_erased_at": now}
        connection.execute(update(job).where(job.c.id.in_([row.id for row in rows])).values(erased))

    return _a_page(database, due, empty)


def _a_page(
    database: Database,
    due: Callable[[int], Select[*tuple[Any, ...]]],
    empty: Callable[[Connection, Sequence[JobRow], int], None],
) -> int:
    """``empty`` the jobs that are ``due`` and that nobody else holds; how many there were."""

    def look(connection: Connection) -> bool:
        return connection.execute(due(database.now(connection).wall).limit(1)).first() is not None

    def move(connection: Connection) -> int:
        now = database.now(connection).wall
        rows = connection.execute(due(now).with_for_update(skip_locked=True)).all()
        if rows:
            empty(connection, rows, now)
        return len(rows)

    # Most looks find nothing, and take no lock for that.
    return database.write(move) if database.read(look) else 0


def forget(database: Database, limit: int) -> int:
    """See ``JobStore.forget``."""
    while True:
        removed, put_off = _forget_a_page(database, limit)
        # A page that is only put off would hold up what may go behind it.
        if removed or put_off < limit:
            return removed


def _forget_a_page(database: Database, limit: int) -> tuple[int, int]:
    """How many rows went, and how many tombstones were put off: ``due_at`` is when they may go, as far as
    was known when it was written."""

    def look(connection: Connection) -> tuple[list[tuple[str, str]], Sequence[JobRow]]:
        now = database.now(connection).wall
        keys = connection.execute(
            select(idempotency_key.c.tenant, idempotency_key.c.key)
            .where(idempotency_key.c.expires_at <= now)
            .order_by(idempotency_key.c.expires_at)
            .limit(limit)
        )
        tombstones = connection.execute(
            select(
                job.c.id,
                may_go_at(job.c.erased_at).label("may_go_at"),
                exists().where(erasure.c.job_id == job.c.id).label("unsettled"),
            )
            .where(ERASED, job.c.due_at <= now)
            .order_by(job.c.due_at)
            .limit(limit)
        )
        return [(row.tenant, row.key) for row in keys], tombstones.all()

    keys, tombstones = database.read(look)
    if not keys and not tombstones:
        return 0, 0

    def move(connection: Connection) -> tuple[int, int]:
        now = database.now(connection).wall
        # A tombstone changes no more and gets no new key, so what was read of it holds. By their ids alone:
        # told that they are tombstones, PostgreSQL may read all tombstones for it.
        may_go = {row.id: row.may_go_at <= now and not row.unsettled for row in tombstones}
        going = [its_id for its_id, may in may_go.items() if may]
        later = [
            {"its_id": row.id, "may_go_at": max(row.may_go_at, now + _UNSETTLED_MS if row.unsettled else 0)}
            for row in tombstones
            if not may_go[row.id]
        ]
        if later:
            put_off = update(job).where(job.c.id == bindparam("its_id"))
            connection.execute(put_off.values(due_at=bindparam("may_go_at")), later)
        removed = _remove_keys(connection, keys, now)
        of_them = delete(idempotency_key).where(idempotency_key.c.job_id.in_(going))
        removed += connection.execute(of_them).rowcount
        removed += connection.execute(delete(job).where(job.c.id.in_(going))).rowcount
        return removed, len(later)

    return database.write(move)


def _remove_keys(connection: Connection, keys: Sequence[tuple[str, str]], now: int) -> int:
    if not keys:
        return 0
    # One by one by their primary key: of a list of pairs SQLite makes a scan of all that is due.
    one = delete(idempotency_key).where(
        idempotency_key.c.tenant == bindparam("of_tenant"),
        idempotency_key.c.key == bindparam("its_key"),
        # It may have been taken over since.
        idempotency_key.c.expires_at <= now,
    )
    named = [{"of_tenant": tenant, "its_key": key} for tenant, key in keys]
    return connection.execute(one, named).rowcount
