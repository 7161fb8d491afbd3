"""What is kept for how long: erasures to finish outside the database, results and tombstones past their time."""

from sqlalchemy import Connection, delete, exists, select

from pressroom.adapters.keeping import TOMBSTONE_MS
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import ERASED, EXPIRING, erasure, idempotency_key, job
from pressroom.jobs.ports import Erasure


def due_erasures(database: Database, limit: int) -> tuple[Erasure, ...]:
    """See ``JobStore.due_erasures``."""

    def look(connection: Connection) -> tuple[Erasure, ...]:
        rows = connection.execute(
            select(erasure.c.id, erasure.c.job_id, erasure.c.tenant)
            .where(erasure.c.due_at <= database.now(connection).wall)
            .order_by(erasure.c.due_at, erasure.c.id)
            .limit(limit)
        )
        return tuple(Erasure(row.id, row.job_id, row.tenant) for row in rows)

    return database.read(look)


def erasure_done(database: Database, done: Erasure) -> None:
    """See ``JobStore.erasure_done``."""
    database.write(lambda connection: connection.execute(delete(erasure).where(erasure.c.id == done.id)))


def expired_results(database: Database, limit: int) -> tuple[str, ...]:
    """See ``JobStore.expired_results``."""

    def look(connection: Connection) -> tuple[str, ...]:
        return tuple(
            connection.scalars(
                select(job.c.id)
                .where(EXPIRING, job.c.expires_at <= database.now(connection).wall)
                .order_by(job.c.expires_at)
                .limit(limit)
            )
        )

    return database.read(look)


def forget(database: Database, limit: int) -> int:
    """See ``JobStore.forget``."""

    def look(connection: Connection) -> tuple[list[tuple[str, str]], list[str]]:
        now = database.now(connection).wall
        keys = connection.execute(
            select(idempotency_key.c.tenant, idempotency_key.c.key)
            .where(idempotency_key.c.expires_at <= now)
            .limit(limit)
        )
        tombstones = connection.scalars(
            select(job.c.id)
            .where(
                ERASED,
                job.c.erased_at <= now - TOMBSTONE_MS,
                ~exists().where(idempotency_key.c.job_id == job.c.id),
                ~exists().where(erasure.c.job_id == job.c.id),
            )
            .limit(limit)
        )
        return [(row.tenant, row.key) for row in keys], list(tombstones)

    keys, tombstones = database.read(look)
    if not keys and not tombstones:
        return 0

    def remove(connection: Connection) -> int:
        now = database.now(connection).wall
        removed = 0
        for tenant, key in keys:
            removed += connection.execute(
                delete(idempotency_key).where(
                    idempotency_key.c.tenant == tenant,
                    idempotency_key.c.key == key,
                    # It may have been taken over since.
                    idempotency_key.c.expires_at <= now,
                )
            ).rowcount
        # A tombstone changes no more and gets no new key.
        return removed + connection.execute(delete(job).where(job.c.id.in_(tombstones), ERASED)).rowcount

    return database.write(remove)
