"""Units of work: all or nothing each, many under one commit on SQLite, and honest when the database is away."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, insert, select, text
from sqlalchemy.engine import make_url
from tests.support.desk import Desk
from tests.support.jobs import new_job

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.tables import tenant
from pressroom.domain.errors import DatabaseUnavailable
from pressroom.jobs.ports import QueueLimits


def _add(name: str, connection: Connection) -> None:
    connection.execute(insert(tenant).values(id=name, created_at=1))


def _count(database: Database) -> int:
    return database.read(lambda connection: connection.scalar(select(func.count()).select_from(tenant)) or 0)


class Oops(Exception):
    pass


def test_a_unit_that_raises_leaves_nothing(database: Database) -> None:
    def unit(connection: Connection) -> None:
        _add("a", connection)
        raise Oops

    with pytest.raises(Oops):
        database.write(unit)
    assert _count(database) == 0


def test_a_unit_that_raises_undoes_no_neighbour(database: Database) -> None:
    """On SQLite they share a transaction; each has a savepoint of its own."""

    def unit(n: int) -> None:
        def work(connection: Connection) -> None:
            _add(f"tenant-{n}", connection)
            if n % 3 == 0:
                raise Oops

        database.write(work)

    with ThreadPoolExecutor(12) as pool:
        outcomes = [future.exception() for future in [pool.submit(unit, n) for n in range(60)]]
    assert [isinstance(outcome, Oops) for outcome in outcomes] == [n % 3 == 0 for n in range(60)]
    assert _count(database) == 40


def test_many_threads_share_commits_on_sqlite(sqlite_url: str) -> None:
    database = Database(open_engine(sqlite_url))
    commits: list[Connection] = []
    event.listen(database.engine, "commit", commits.append)
    # The first unit holds the writer until all others wait for it.
    waiting = threading.Semaphore(0)

    def first(connection: Connection) -> None:
        for _ in range(20):
            assert waiting.acquire(timeout=10)
        time.sleep(0.05)

    def other(n: int) -> None:
        waiting.release()
        database.write(lambda connection: _add(f"tenant-{n}", connection))

    with ThreadPoolExecutor(21) as pool:
        futures = [pool.submit(database.write, first), *(pool.submit(other, n) for n in range(20))]
        for future in futures:
            future.result(timeout=30)
    assert _count(database) == 20
    assert len(commits) <= 4
    database.close()


def test_when_sqlite_undoes_everything_nobody_is_told_it_worked(sqlite_url: str) -> None:
    """A full disk rolls the whole transaction back, not the savepoint alone."""
    database = Database(open_engine(sqlite_url))
    waiting = threading.Event()

    def first(connection: Connection) -> None:
        assert waiting.wait(10)
        time.sleep(0.05)

    def good() -> None:
        waiting.set()
        database.write(lambda connection: _add("good", connection))

    def full(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    with ThreadPoolExecutor(3) as pool:
        pool.submit(database.write, first)
        told_good = pool.submit(good)
        assert waiting.wait(10)
        told_full = pool.submit(database.write, full)
        outcomes = [told_good.exception(timeout=30), told_full.exception(timeout=30)]
    assert outcomes[1] is not None
    assert _count(database) == (0 if outcomes[0] is not None else 1)
    # The writer goes on with a new connection.
    database.write(lambda connection: _add("later", connection))
    database.close()


def test_readers_of_sqlite_wait_for_no_writer(sqlite_url: str) -> None:
    database = Database(open_engine(sqlite_url))
    other = sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO tenant (id, created_at) VALUES ('a', 1)")
    began = time.perf_counter()
    assert _count(database) == 0
    assert time.perf_counter() - began < 1
    other.execute("COMMIT")
    assert _count(database) == 1
    other.close()
    database.close()


def test_sqlite_flushes_every_commit(sqlite_url: str) -> None:
    database = Database(open_engine(sqlite_url))

    def pragma(name: str) -> object:
        return database.read(lambda connection: connection.scalar(text(f"PRAGMA {name}")))

    assert [pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys")] == ["wal", 2, 1]
    assert database.write(lambda connection: connection.scalar(text("PRAGMA synchronous"))) == 2
    database.close()


def test_a_writer_that_finds_no_end_of_waiting_says_so(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pressroom.adapters.sql.database._PATIENCE_S", 0.05)
    database = Database(open_engine(sqlite_url))
    other = sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable) as told:
        database.write(lambda connection: _add("a", connection))
    assert told.value.retry_after_s
    other.execute("ROLLBACK")
    database.write(lambda connection: _add("a", connection))
    other.close()
    database.close()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "broken.db"
    file.write_bytes(b"this is no database" * 500)
    database = Database(open_engine(f"sqlite:///{file}"))
    with pytest.raises(DatabaseUnavailable):
        SqlJobStore(database).ping()
    database.close()


_SUBMITS = """
import sys, time
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.jobs.ports import QueueLimits
from tests.support.jobs import new_job
store = SqlJobStore(Database(open_engine(sys.argv[1])))
worst = 0.0
for _ in range(40):
    began = time.perf_counter()
    store.submit(new_job(sys.argv[2]), None, QueueLimits())
    worst = max(worst, time.perf_counter() - began)
print(worst)
"""


def test_four_processes_write_to_one_sqlite_file(sqlite_url: str) -> None:
    root = Path(__file__).resolve().parents[3]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _SUBMITS, sqlite_url, f"tenant-{n}"],
            stdout=subprocess.PIPE,
            cwd=root,
            text=True,
        )
        for n in range(4)
    ]
    worst = [float(process.communicate(timeout=60)[0]) for process in started]
    store = SqlJobStore(Database(open_engine(sqlite_url)))
    assert all(len(store.jobs(f"tenant-{n}").jobs) == 40 for n in range(4))
    # Nobody is kept out for seconds, as SQLite's own waiting does.
    assert max(worst) < 3
    print("longest wait for a write, by process:", [f"{one * 1000:.0f} ms" for one in worst])  # noqa: T201


# -- PostgreSQL --------------------------------------------------------------------------------
@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    database = Database(open_engine(postgres_url))
    yield database
    database.close()


def _cut_all_connections(url: str) -> None:
    """What a restart of the server does to its clients."""
    other = Database(open_engine(url))
    other.read(
        lambda connection: connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    )
    other.close()


@pytest.mark.postgres
def test_a_cut_connection_is_replaced(postgres: Database, postgres_url: str) -> None:
    desk = Desk(SqlJobStore(postgres))
    job = desk.submit()
    _cut_all_connections(postgres_url)
    assert desk.store.job("acme", job.id) == job


@pytest.mark.postgres
def test_a_connection_cut_in_a_unit_is_an_outage(postgres: Database, postgres_url: str) -> None:
    def unit(connection: Connection) -> None:
        _add("a", connection)
        _cut_all_connections(postgres_url)
        _add("b", connection)

    with pytest.raises(DatabaseUnavailable):
        postgres.write(unit)
    assert _count(postgres) == 0


def test_a_server_that_is_not_there_is_an_outage() -> None:
    # Port 1 of this machine: nobody listens there.
    store = SqlJobStore(Database(open_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")))
    for call in (store.ping, store.check_schema, store.backlog):
        with pytest.raises(DatabaseUnavailable) as told:
            call()
        assert told.value.retry_after_s
    with pytest.raises(DatabaseUnavailable):
        store.submit(new_job(), None, QueueLimits())


@pytest.mark.postgres
def test_the_server_has_limits_of_its_own(postgres: Database) -> None:
    def setting(name: str) -> object:
        return postgres.write(lambda connection: connection.scalar(text(f"SHOW {name}")))

    assert setting("idle_in_transaction_session_timeout") == "5s"
    assert setting("statement_timeout") == "15s"
    assert setting("lock_timeout") == "5s"
    assert setting("transaction_isolation") == "read committed"
    assert postgres.read(lambda c: c.scalar(text("SHOW transaction_isolation"))) == "repeatable read"
    assert setting("transaction_isolation") == "read committed", (
        "a reader's is given back with its connection"
    )
    assert setting("application_name") == "pressroom"


@pytest.mark.postgres
def test_a_frozen_transaction_lets_its_locks_go(postgres: Database, postgres_url: str) -> None:
    desk = Desk(SqlJobStore(postgres))
    job = desk.submit()
    frozen = open_engine(postgres_url)
    with frozen.connect() as connection:
        connection.execute(text("SET idle_in_transaction_session_timeout = 200"))
        connection.execute(text("SELECT * FROM job FOR UPDATE"))
        # It never comes back; the server ends it, and the cancel goes on.
        assert desk.store.cancel("acme", job.id).terminal
        connection.invalidate()
    frozen.dispose()


@pytest.mark.postgres
def test_a_held_lane_does_not_hold_up_a_submit(postgres: Database, postgres_url: str) -> None:
    desk = Desk(SqlJobStore(postgres))
    desk.submit()
    claimer = open_engine(postgres_url)
    with claimer.begin() as connection:
        connection.execute(text("SELECT * FROM lane FOR UPDATE"))
        began = time.perf_counter()
        desk.submit()
        assert time.perf_counter() - began < 2
    claimer.dispose()


@pytest.mark.postgres
def test_a_job_that_somebody_holds_is_passed_over(postgres: Database, postgres_url: str) -> None:
    desk = Desk(SqlJobStore(postgres))
    held, free = desk.submit(priority=9), desk.submit()
    other = open_engine(postgres_url)
    with other.begin() as connection:
        connection.execute(text("SELECT * FROM job WHERE id = :id FOR UPDATE"), {"id": held.id})
        assert [claim.job.id for claim in desk.claim(2)] == [free.id]
    other.dispose()
    assert [claim.job.id for claim in desk.claim(2)] == [held.id]


@pytest.mark.postgres
def test_a_claim_waits_for_the_one_before_it_and_sees_its_charge(
    postgres: Database, postgres_url: str
) -> None:
    desk = Desk(SqlJobStore(postgres))
    for name in ("acme", "globex", "acme", "globex"):
        desk.submit(name)
    desk.claim(2)  # both lanes are active now, and equal
    other = open_engine(postgres_url)
    with ThreadPoolExecutor(1) as pool:
        with other.begin() as connection:
            connection.execute(text("UPDATE lane SET virtual_time = virtual_time + 1 WHERE tenant = 'acme'"))
            claims = pool.submit(desk.claim, 1)
            with pytest.raises(TimeoutError):
                claims.result(timeout=0.3)
        (claim,) = claims.result(timeout=10)
    assert claim.job.tenant == "globex"
    other.dispose()
