"""Take a batch in: begin, a page of rows at a time, seal; or give it up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, exc, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from pressroom.adapters.refusals import batch_erased, batch_given_up, custom_id_taken
from pressroom.adapters.sql.batch_rows import request_of, select_batches, to_batch
from pressroom.adapters.sql.batch_tables import batch, batch_row
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.webhook_outbox import tell_batch
from pressroom.domain.batch import Batch, BatchState, NewBatch, NewRow
from pressroom.domain.errors import DatabaseUnavailable
from pressroom.domain.messages import EndedBatch

_RECEIVING = batch.c.state == BatchState.RECEIVING.value
_INSERT_ROWS = {
    name: upsert(batch_row)
    .on_conflict_do_nothing(index_elements=[batch_row.c.batch_id, batch_row.c.custom_id])
    .returning(batch_row.c.n)
    for name, upsert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_COUNT_IN = (
    update(batch)
    .where(batch.c.id == bindparam("of_batch"), _RECEIVING)
    .values(rows=batch.c.rows + bindparam("more_rows"), refused=batch.c.refused + bindparam("more_refused"))
)
# How often a key is looked up again that another submit took in between.
_TRIES = 3


def open_batch(database: Database, new: NewBatch) -> Batch | None:
    """See ``BatchStore.open``."""
    for _ in range(_TRIES):
        try:
            return database.write(lambda connection: _open(database, connection, new))
        except exc.IntegrityError:
            if new.key is None:
                raise
    raise DatabaseUnavailable(
        "This Idempotency-Key is in use by several requests at once. Send it again.", retry_after_s=2
    )


def _open(database: Database, connection: Connection, new: NewBatch) -> Batch | None:
    now = database.now(connection).wall
    if new.key is not None:
        named = connection.execute(
            select_batches()
            .where(batch.c.tenant == new.tenant, batch.c.idempotency_key == new.key)
            .with_for_update()
        ).one_or_none()
        if named is not None and named.received_at is None:
            _give_up(connection, named.id, now)
        elif named is not None and named.erased_at is not None:
            raise batch_erased()
        elif named is not None:
            return to_batch(named)
    connection.execute(
        insert(batch).values(
            id=new.id,
            tenant=new.tenant,
            state=BatchState.RECEIVING.value,
            defaults=dict(new.defaults),
            metadata=dict(new.metadata),
            rows=0,
            refused=0,
            released=0,
            result_ttl_s=0,
            created_at=now,
            idempotency_key=new.key,
            request_id=new.request_id,
        )
    )
    return None


def add_rows(database: Database, batch_id: str, rows: Sequence[NewRow]) -> None:
    """See ``BatchStore.add``."""
    # Written out before the transaction: on SQLite everybody else who writes waits for it.
    values = [_values(batch_id, row) for row in rows]

    def store(connection: Connection) -> None:
        # By the index itself, which takes the first of a name: to look for taken names before is planned
        # badly while the table grows.
        stored = set(connection.scalars(_INSERT_ROWS[connection.dialect.name], values))
        taken = [_taken(row) for row in values if row["n"] not in stored]
        if taken:
            connection.execute(insert(batch_row), taken)
        bad = sum(row["request"] is None for row in values if row["n"] in stored)
        counted = connection.execute(
            _COUNT_IN, {"of_batch": batch_id, "more_rows": len(values), "more_refused": bad + len(taken)}
        )
        if not counted.rowcount:
            raise batch_given_up()

    database.write(store)


def seal(database: Database, batch_id: str, result_ttl_s: int, body_mac: str) -> Batch:
    """See ``BatchStore.seal``."""

    def move(connection: Connection) -> Batch:
        now = database.now(connection).wall
        row = connection.execute(
            select_batches().where(batch.c.id == batch_id, _RECEIVING).with_for_update()
        ).one_or_none()
        if row is None:
            raise batch_given_up()
        changes: dict[str, Any] = {
            "state": BatchState.RUNNING.value,
            "received_at": now,
            "result_ttl_s": result_ttl_s,
            "body_mac": body_mac,
        }
        if row.rows == row.refused:
            changes |= {
                "state": BatchState.FINISHED.value,
                "finished_at": now,
                "expires_at": now + result_ttl_s * 1000,
            }
        connection.execute(update(batch).where(batch.c.id == batch_id).values(changes))
        sealed = to_batch(connection.execute(select_batches().where(batch.c.id == batch_id)).one())
        if sealed.finished_at is not None:
            tell_batch(connection, sealed.tenant, EndedBatch.of(sealed, now))
        return sealed

    return database.write(move)


def give_up(database: Database, batch_id: str) -> bool:
    """See ``BatchStore.give_up``."""
    return database.write(
        lambda connection: _give_up(connection, batch_id, database.now(connection).wall) > 0
    )


def _give_up(connection: Connection, batch_id: str, now: int) -> int:
    return connection.execute(
        update(batch)
        .where(batch.c.id == batch_id, _RECEIVING)
        .values(state=BatchState.CANCELED.value, canceled_at=now, erased_at=now, idempotency_key=None)
    ).rowcount


def _values(batch_id: str, row: NewRow) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "n": row.n,
        "custom_id": row.custom_id,
        "request": request_of(row.new) if row.new is not None else None,
        "job_id": None,
        "error_code": row.error_code,
        "error_message": row.error_message,
    }


def _taken(row: dict[str, Any]) -> dict[str, Any]:
    """The row, refused since an earlier one has its custom_id."""
    code, message = custom_id_taken(row["custom_id"])
    return row | {"custom_id": None, "request": None, "error_code": code, "error_message": message}
