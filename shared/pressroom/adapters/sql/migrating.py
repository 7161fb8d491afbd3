"""What migrations do beside running processes: indexes without locks, and a word on who may go on.

Only migrations and their environment import this. Each migration states:

    PHASE    "expand": it only adds, or "contract": it takes away what no running process may need
    OLDEST   the oldest version of the code that works on what it leaves
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

# Any number; it only has to be the same for all who migrate.
_ONE_AT_A_TIME = 7_237_105
_LOOK_S = 0.2


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """On PostgreSQL, one who migrates at a time. On SQLite the write lock sees to it.

    The lock is asked for again and again, never waited for in a statement: an index that is built
    concurrently waits for all statements that run, and would wait for one who waits for it."""
    if engine.dialect.name == "sqlite":
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
        while not guard.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME}):
            time.sleep(_LOOK_S)
        yield  # the lock goes with the connection
        guard.scalar(text("SELECT pg_advisory_unlock(:key)"), {"key": _ONE_AT_A_TIME})


def build_index(op: Any, name: str, table: str, columns: list[Any], *, where: str) -> None:
    """A partial index on a table that may be big. ``op`` is Alembic's. May be run again when broken off."""
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(name, table, columns, sqlite_where=text(where), unique=False, if_not_exists=True)
        return
    with op.get_context().autocommit_block():
        # It waits for transactions that run, which holds up nobody.
        op.execute("SET lock_timeout = 0")
        # One that was broken off lies there, invalid.
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
        op.create_index(
            name, table, columns, postgresql_where=text(where), postgresql_concurrently=True, unique=False
        )
        op.execute("RESET lock_timeout")


def drop_index(op: Any, name: str, table: str) -> None:
    """The way back of ``build_index``."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(name, table)
        return
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
        op.execute("RESET lock_timeout")


def note_oldest(connection: Connection, migration: ModuleType | None) -> None:
    """Write down, with the version, which code may run on it. Before 0002 there is no place for it."""
    if migration is None or not inspect(connection).has_table("compatibility"):
        return
    connection.execute(text("DELETE FROM compatibility"))
    connection.execute(
        text("INSERT INTO compatibility (oldest) VALUES (:oldest)"), {"oldest": migration.OLDEST}
    )
