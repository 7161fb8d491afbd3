"""Long work goes page by page, and a page costs what it moves: not what else is due, waits or is kept."""

from collections.abc import Callable
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import event
from tests.support.jobs import Timepiece
from tests.support.old_jobs import fill_with_old

from pressroom.adapters.keeping import TOMBSTONE_MS
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore

PAGE = 50
FEW, MANY = 200, 3_000
Page = Callable[[SqlJobStore], int]


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


def _all(page: Page, store: SqlJobStore) -> None:
    while page(store):
        pass


def _keys_gone(store: SqlJobStore, clock: Timepiece, count: int) -> None:
    """Nothing is left but tombstones that are due."""
    _all(_expire, store)
    _all(_strike_off, store)
    clock.pass_ms(TOMBSTONE_MS)
    for _ in range(count // PAGE):
        _forget(store)


def _expired(store: SqlJobStore, clock: Timepiece, count: int) -> None:
    _all(_expire, store)


def _as_they_are(store: SqlJobStore, clock: Timepiece, count: int) -> None:
    pass


@pytest.mark.parametrize(
    ("before", "page"),
    [
        (_as_they_are, _expire),
        (_as_they_are, _erase_prompts),
        (_expired, _strike_off),
        (_expired, _put_off),
        (_as_they_are, _forget),
        (_expired, _forget),
        (_keys_gone, _forget),
    ],
    ids=["results", "prompts", "erasures", "erasures put off", "keys", "keys of the erased", "tombstones"],
)
def test_a_page_costs_the_same_with_fifteen_times_as_much_to_do(
    before: Callable[[SqlJobStore, Timepiece, int], None],
    page: Page,
    sqlite_template: Path,
    tmp_path: Path,
) -> None:
    steps = []
    for count in (FEW, MANY):
        file = tmp_path / f"{count}.db"
        copyfile(sqlite_template, file)
        steps.append(_steps(f"sqlite:///{file}", count, before, page))
    assert steps[1] < 2 * steps[0], f"{steps[0]} hundred steps with {FEW} to do, {steps[1]} with {MANY}"


def _steps(url: str, count: int, before: Callable[[SqlJobStore, Timepiece, int], None], page: Page) -> int:
    """Hundreds of SQLite's own steps that one page takes."""
    clock = Timepiece()
    database = Database(open_engine(url), clock)
    fill_with_old(database, count)
    before(SqlJobStore(database), clock, count)
    database.close()
    database = Database(open_engine(url), clock)
    hundreds = 0

    def step() -> int:
        nonlocal hundreds
        hundreds += 1
        return 0

    event.listen(database.engine, "checkout", lambda driver, *_: driver.set_progress_handler(step, 100))
    assert page(SqlJobStore(database)) == PAGE
    database.close()
    return hundreds
