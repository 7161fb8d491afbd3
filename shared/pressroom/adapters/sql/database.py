"""Runs transactions: ``read`` for looking, ``write`` for changing; each is one unit of work.

A unit is a function of a connection. It does no I/O but SQL, and what it raises undoes it alone.

SQLite has one writer at a time for all processes. Here a process takes the write lock in one
thread and does the units of all the threads that wait, each in a savepoint, under one commit: one
flush to disk serves many (group commit). Then it pauses for a moment, since SQLite's lock knows no
queue and a process that came back at once would keep the others out for seconds.

Lock order, which keeps PostgreSQL free of deadlocks. A submit inserts its job, then its key, then its
lane: each waits at most for another submit of the same key or lane. A claim locks the lanes of its
pool in the order of tenants, then jobs with SKIP LOCKED; the reaper takes jobs with SKIP LOCKED. All
else locks one job, then what hangs on it, then at most that job's lane. So nobody waits for a job
while holding a lane, or for a job while holding another. The heartbeat alone waits for jobs while it
holds jobs, and only one heartbeat names them. (A relay that makes up for a clock that was set does so
too; should the two meet, PostgreSQL undoes one, which is done again.)
"""

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection, Engine, Table, exc
from sqlalchemy.dialects import postgresql, sqlite

from pressroom.adapters.sql.clock import Clock, HostClock, Now, server_clock
from pressroom.adapters.sql.engine import WRITES
from pressroom.adapters.sql.errors import translated
from pressroom.domain.errors import DatabaseUnavailable

T = TypeVar("T")

# How long a write waits for another process, and how often it looks.
_PATIENCE_S = 10.0
_LOOK_S = 0.002
# The pause after a commit, as a share of the time the lock was held, and its bounds.
_PAUSE_SHARE = 0.25
_PAUSE_S = (0.0005, 0.005)
_MOST_UNITS = 64
_READS = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_SETTLE_MS = 20


class Database:
    """An engine with the ways of Pressroom. Thread-safe; one a process."""

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self.engine = engine
        self.sqlite = engine.dialect.name == "sqlite"
        self._clock = clock or (HostClock() if self.sqlite else server_clock)
        self._writer = _Writer(engine) if self.sqlite else None
        # What a unit reads belongs to one moment, also where it asks twice: an ended job and its outputs may be erased
        # in between. SQLite's transactions are so by themselves.
        # And who only reads is held to it: a lock that is taken here would be somebody's error in such a transaction.
        self._reading = engine.execution_options(**({} if self.sqlite else _READS))

    def now(self, connection: Connection) -> Now:
        """The time by the database's clock, read at this moment."""
        return self._clock(connection)

    def read(self, unit: Callable[[Connection], T]) -> T:
        """Run a unit that changes nothing and sees one moment. Raises DatabaseUnavailable."""
        with translated(), self._reading.connect() as connection:
            return unit(connection)

    def write(self, unit: Callable[[Connection], T]) -> T:
        """Run a unit and commit it. It may run in another thread of this process.

        Raises DatabaseUnavailable: nothing happened, or the answer to the COMMIT was lost."""
        with translated():
            if self._writer is not None:
                return self._writer.run(unit)
            with self.engine.begin() as connection:
                return unit(connection)

    def upsert(self, table: Table) -> Any:
        """An INSERT of this database's kind, which can say what to do ``on_conflict_…``."""
        return (sqlite.insert if self.sqlite else postgresql.insert)(table)

    def settle(self) -> bool:
        """Bring what is in SQLite's log home to its file, and empty the log: it holds old pages, what was
        erased from them included. False: others read or write now. PostgreSQL's log is its operator's.

        Raises DatabaseUnavailable."""
        if not self.sqlite:
            return True
        with translated(), self.engine.connect() as pooled:
            connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
            patience = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
            # Whoever writes would wait for as long as this waits for a reader.
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_SETTLE_MS}")
            try:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience}")
        return not busy

    def close(self) -> None:
        """Close all connections."""
        if self._writer is not None:
            self._writer.close()
        self.engine.dispose()


@dataclass(slots=True)
class _Ticket(Generic[T]):
    """A unit that waits for the writer, and what became of it."""

    unit: Callable[[Connection], T]
    result: T | None = None
    error: Exception | None = None
    done: bool = False


class _Writer:
    """The one writer of this process to a SQLite file: whoever finds it idle works for all who wait.

    Its connection is its own, outside the pool, and does not use SQLite's own waiting."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._may_begin_at = 0.0
        self._changed = threading.Condition()
        self._working = False
        self._waiting: list[_Ticket[Any]] = []

    def run(self, unit: Callable[[Connection], T]) -> T:
        ticket: _Ticket[T] = _Ticket(unit)
        with self._changed:
            self._waiting.append(ticket)
        while not ticket.done:
            with self._changed:
                self._changed.wait_for(lambda: ticket.done or not self._working)
                if ticket.done:
                    break
                self._working = True
            self._work()
        if ticket.error is not None:
            raise ticket.error
        return cast(T, ticket.result)

    def close(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._working)
            self._drop()

    def _work(self) -> None:
        """Commit a batch of the waiting units, the oldest first. Only one thread is in here."""
        batch: list[_Ticket[Any]] = []
        try:
            time.sleep(max(self._may_begin_at - time.perf_counter(), 0))
            connection = self._open()
            _begin(connection)
            began = time.perf_counter()
            # What came while the lock was waited for goes along.
            with self._changed:
                batch, self._waiting = self._waiting[:_MOST_UNITS], self._waiting[_MOST_UNITS:]
            for ticket in batch:
                _attempt(connection, ticket)
            connection.commit()
            ended = time.perf_counter()
            self._may_begin_at = ended + min(max((ended - began) * _PAUSE_SHARE, _PAUSE_S[0]), _PAUSE_S[1])
        except Exception as error:
            batch = self._fail(batch, error)
        except BaseException:
            # An interrupt is the leader's alone.
            batch = self._fail(batch, DatabaseUnavailable("The process is ending."))
            raise
        finally:
            with self._changed:
                for ticket in batch:
                    ticket.done = True
                self._working = False
                self._changed.notify_all()

    def _fail(self, batch: list[_Ticket[Any]], error: Exception) -> list[_Ticket[Any]]:
        """Give the error to the batch, or to all that wait when there is none yet."""
        self._drop()
        with self._changed:
            if not batch:
                batch, self._waiting = self._waiting, []
        for ticket in batch:
            ticket.error = ticket.error or error
        return batch

    def _open(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect().execution_options(**WRITES)
            connection.detach()
            _driver(connection).execute("PRAGMA busy_timeout=0").close()
            self._connection = connection
        return self._connection

    def _drop(self) -> None:
        """Close the connection, which rolls back what was open; the next batch opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(exc.SQLAlchemyError, sqlite3.Error):
                connection.close()


def _attempt(connection: Connection, ticket: _Ticket[Any]) -> None:
    """Run one unit in a savepoint, so that its failure undoes nothing of its neighbours.

    Raises the unit's error where SQLite has undone the whole transaction (a full disk does that)."""
    savepoint = connection.begin_nested()
    try:
        ticket.result = ticket.unit(connection)
    except Exception as error:
        ticket.error = error
        if not _driver(connection).in_transaction:
            raise
        savepoint.rollback()
    else:
        savepoint.commit()


def _begin(connection: Connection) -> None:
    """Take the write lock. SQLite's own waiting sleeps for up to 100 ms between looks; this does not."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection.begin()
            return
        except exc.OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise
        time.sleep(random.uniform(0.5, 1.5) * _LOOK_S)


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)
