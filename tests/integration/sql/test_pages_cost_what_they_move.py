"""Long work goes page by page, and a page costs what it moves: not what else is due, waits or is kept."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from sqlalchemy import event, update
from tests.support.jobs import Timepiece
from tests.support.old_jobs import fill_with_old

from pressroom.adapters.keeping import TOMBSTONE_MS
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.tables import idempotency_key

PAGE = 50
FEW, MANY = 200, 3_000
# So many that PostgreSQL prefers an index to reading them all.
BACKLOG = 20_000
READS_ALL = re.compile(r"Seq Scan on (job|output|idempotency_key|erasure)|Hash|Merge")
READ_IN_VAIN = re.compile(r"Rows Removed by \w+: (\d+)")
Page = Callable[[SqlJobStore], int]
Before = Callable[[Database, Timepiece], None]


def _expire(store: SqlJobStore) -> int:
    return store.expire_results(PAGE)


def _erase_prompts(store: SqlJobStore) -> int:
    return store.erase_prompts(PAGE)


def _strike_off(store: SqlJobStore) -> int:
    due = store.due_erasures(PAGE)
    store.erasures_done(due)
    return len(due)


def _put_off(store: SqlJobStore) -> int:
    due = store.due_erasures(PAGE)
    store.put_off_erasures(due, 1_000)
    return len(due)


def _forget(store: SqlJobStore) -> int:
    return store.forget(PAGE)


def _as_they_are(database: Database, clock: Timepiece) -> None:
    pass


def _expired(database: Database, clock: Timepiece) -> None:
    store = SqlJobStore(database)
    while store.expire_results(500):
        pass


def _tombstones(database: Database, clock: Timepiece) -> None:
    """With their keys, whose time is over too."""
    _expired(database, clock)
    store = SqlJobStore(database)
    while due := store.due_erasures(500):
        store.erasures_done(due)
    clock.pass_ms(TOMBSTONE_MS)


def _named(database: Database, clock: Timepiece) -> None:
    """All tombstones are old enough, but keys name them for longer: all but a page of them."""
    later = update(idempotency_key).where(idempotency_key.c.expires_at > 2_000 + PAGE)
    until = clock.wall + 2 * TOMBSTONE_MS
    database.write(lambda connection: connection.execute(later.values(expires_at=until)))
    _tombstones(database, clock)


CASES = pytest.mark.parametrize(
    ("before", "page"),
    [
        (_as_they_are, _expire),
        (_as_they_are, _erase_prompts),
        (_expired, _strike_off),
        (_expired, _put_off),
        (_expired, _forget),
        (_tombstones, _forget),
        (_named, _forget),
    ],
    ids=["results", "prompts", "erasures", "put off", "keys", "tombstones", "named tombstones"],
)


@CASES
def test_a_page_costs_the_same_with_fifteen_times_as_much_to_do(
    before: Before, page: Page, sqlite_template: Path, tmp_path: Path
) -> None:
    steps = []
    for count in (FEW, MANY):
        file = tmp_path / f"{count}.db"
        copyfile(sqlite_template, file)
        steps.append(_steps(f"sqlite:///{file}", count, before, page))
    assert steps[1] < 2 * steps[0], f"{steps[0]} hundred steps with {FEW} to do, {steps[1]} with {MANY}"


def _steps(url: str, count: int, before: Before, page: Page) -> int:
    """Hundreds of SQLite's own steps that one page takes."""
    clock = Timepiece()
    with closing(Database(open_engine(url), clock)) as database:
        fill_with_old(database, count)
        before(database, clock)
    hundreds = 0

    def step() -> int:
        nonlocal hundreds
        hundreds += 1
        return 0

    with closing(Database(open_engine(url), clock)) as database:
        event.listen(database.engine, "checkout", lambda driver, *_: driver.set_progress_handler(step, 100))
        assert page(SqlJobStore(database)) >= PAGE
    return hundreds


@pytest.mark.postgres
@CASES
def test_no_page_reads_a_whole_table(before: Before, page: Page, postgres_url: str) -> None:
    clock = Timepiece()
    with closing(Database(open_engine(postgres_url), clock)) as database:
        fill_with_old(database, BACKLOG)
        before(database, clock)
        with _statements(database) as seen:
            assert page(SqlJobStore(database)) >= PAGE
        assert seen
        _reads_little(database, seen)


def _reads_little(database: Database, seen: list[tuple[str, Any]]) -> None:
    with database.engine.connect() as connection:
        for statement, parameters in seen:
            explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE) {statement}", parameters)
            plan = "\n".join(str(row[-1]) for row in explained)
            in_vain = sum(int(rows) for rows in READ_IN_VAIN.findall(plan))
            assert not READS_ALL.search(plan), f"{statement}\n{plan}"
            assert in_vain < 4 * PAGE, f"{statement}\n{plan}"
        connection.rollback()


@contextmanager
def _statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Each statement, with its values; of those that are run for many values, with the first."""
    seen: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.append((statement, parameters[0] if many else parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)
