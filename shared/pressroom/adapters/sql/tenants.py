"""A tenant's row, made with the first thing that is kept of it."""

from sqlalchemy import Connection

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import tenant


def open_tenant(database: Database, connection: Connection, tenant_id: str, created_at: int) -> None:
    """Insert the row unless it is there. ``created_at`` is in milliseconds."""
    new = {"id": tenant_id, "created_at": created_at}
    connection.execute(database.upsert(tenant).values(new).on_conflict_do_nothing())
