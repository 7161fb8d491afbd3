"""``SqlWaitingStore``: what waits besides jobs, from the indexes of what is not done."""

from collections.abc import Mapping

from sqlalchemy import Connection, Select, func, literal, select

from pressroom.adapters.sql.batch_tables import UNFINISHED, WAITING, batch, batch_row
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import erasure
from pressroom.adapters.sql.webhook_tables import PENDING, webhook_delivery
from pressroom.jobs.waiting import Waiting

# Kind: how many, and the moment since when the first could have been done.
_LOOKS: dict[str, Select[int, int | None]] = {
    "batches": select(func.count(), func.min(batch.c.created_at)).select_from(batch).where(UNFINISHED),
    "batch_rows": select(func.count(), literal(None)).select_from(batch_row).where(WAITING),
    "deliveries": select(func.count(), func.min(webhook_delivery.c.due_at))
    .select_from(webhook_delivery)
    .where(PENDING),
    "erasures": select(func.count(), func.min(erasure.c.due_at)).select_from(erasure),
}


class SqlWaitingStore:
    """The port ``WaitingStore`` over a database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self) -> Mapping[str, Waiting]:
        def look(connection: Connection) -> dict[str, Waiting]:
            now = self._database.now(connection).wall
            found = {}
            for kind, statement in _LOOKS.items():
                count, since = connection.execute(statement).one()
                age_s = max(0.0, (now - since) / 1000) if since is not None else 0.0
                found[kind] = Waiting(count, age_s)
            return found

        return self._database.read(look)
