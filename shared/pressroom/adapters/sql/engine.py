"""A SQLAlchemy engine as Pressroom wants it, for either database.

SQLite: write-ahead log, every commit flushed to disk, foreign keys on; a plain BEGIN reads a
snapshot and waits for nobody, and BEGIN IMMEDIATE is for writes alone (see ``database``).
PostgreSQL: READ COMMITTED, dead connections noticed, and time limits on the server, so that a
process that froze in a transaction does not hold its locks for longer than some seconds.
Both: no error tells the values of a statement, since they are prompts and outputs and errors are logged.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from pressroom.domain.errors import DatabaseUnavailable

# Set on a connection that is about to write: ``connection.execution_options(**WRITES)``.
WRITES = {"pressroom_writes": True}

_READ_BUSY_MS = 5_000
_IDLE_IN_TRANSACTION_MS = 5_000
_STATEMENT_MS = 15_000
# Whoever waits for a table's lock holds up all that come after: the migration is tried again instead.
_MIGRATING_LOCK_MS = 2_000
_LOCK_MS = 5_000


def open_engine(url: str, *, process: str = "pressroom", migrating: bool = False) -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql+psycopg://…``; connects to nothing yet.

    ``process`` is what PostgreSQL shows as application_name. ``migrating`` lifts the time limits.
    Raises DatabaseUnavailable for a URL that cannot work."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnavailable(
            "The database URL cannot be read; it looks like sqlite:////path/to/file.db or "
            "postgresql+psycopg://user:password@host/name."
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed)
    if backend == "postgresql":
        return _postgres(parsed, process, migrating)
    raise DatabaseUnavailable(f"{backend} is not supported: use SQLite or PostgreSQL.")


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:" or "mode=memory" in str(url):
        raise DatabaseUnavailable(
            "A SQLite database in memory cannot be shared by processes; name a file: sqlite:////path/to/file.db."
        )
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=8,
        max_overflow=24,
        pool_timeout=10,
        connect_args={"timeout": _READ_BUSY_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    # The driver must not open transactions by itself: the begin event does.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_READ_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        # What is erased is overwritten in the file, not only unlinked.
        "secure_delete=ON",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("pressroom_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres(url: URL, process: str, migrating: bool) -> Engine:
    limits = (
        {"lock_timeout": _MIGRATING_LOCK_MS}
        if migrating
        else {
            "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION_MS,
            "statement_timeout": _STATEMENT_MS,
            "lock_timeout": _LOCK_MS,
        }
    )
    return create_engine(
        url if url.drivername != "postgresql" else url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=10,
        pool_timeout=10,
        pool_recycle=1_800,
        connect_args={
            "application_name": process,
            "connect_timeout": 5,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        },
    )
