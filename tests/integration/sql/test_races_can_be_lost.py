"""The races see what the guards are for: with one taken out, two sides win at once, and the test says so.

Each guard is tried against a race that it decides. Between what a side has seen and what it writes there is
a pause as long as the other side may be late, so that most guards show within a few rounds; without a
guard taken out some rounds pass.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import DBAPIError
from tests.integration.sql import test_races as races
from tests.support.desk import Desk

from pressroom.adapters.sql import leases, submitting
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.rows import JobRow
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.tables import job
from pressroom.domain.errors import DatabaseUnavailable
from pressroom.domain.job import Held

Patch = pytest.MonkeyPatch
# The race itself says so, or the database, or the code behind the guard that meets what it never should.
_RED = (AssertionError, DBAPIError, DatabaseUnavailable, TypeError)
# Many times what a statement takes, also on a busy machine.
_PAUSE_S = 0.04
# As long as the longer of two sides takes then: either may come first.
_LATE_S = 0.16
# A race is lost in one round of two to one of thirty: so many are only run where a guard was none.
_ENOUGH = 1_000


def _without_fence(patch: Patch, _: "_Statements") -> None:
    """Any end of any attempt is stored, whatever became of the job meanwhile."""

    def whoever(connection: Connection, held: Held) -> JobRow | None:
        wanted = select(*leases.attempt_facts()).where(job.c.id == held.job_id)
        return connection.execute(wanted.with_for_update()).one_or_none()

    patch.setattr(leases, "_fenced", whoever)


def _without_row_locks(_: Patch, statements: "_Statements") -> None:
    """What is looked at may change before it is written; PostgreSQL alone: SQLite has one writer at a time."""
    statements.forget(r"\s+FOR UPDATE( SKIP LOCKED)?")


def _without_lanes_and_states(patch: Patch, statements: "_Statements") -> None:
    """A claim takes what it saw, also where another was quicker."""
    _without_row_locks(patch, statements)
    statements.forget(r"(?<=\))\s+AND (job\.)?state = 'queued'(?= RETURNING)")


class _Statements:
    """Statements are built once, when their room is imported: a guard is taken out of what is sent."""

    def __init__(self) -> None:
        self._forgotten: list[str] = []

    def forget(self, pattern: str) -> None:
        self._forgotten.append(pattern)

    def before(self, _: Connection, __: Any, statement: str, parameters: Any, *___: Any) -> tuple[str, Any]:
        """Think for a while between reading and writing; reading itself is not slowed down."""
        if statement.lstrip().upper().startswith(("UPDATE", "INSERT", "DELETE")):
            time.sleep(random.random() * _PAUSE_S)
        for pattern in self._forgotten:
            statement = re.sub(pattern, "", statement)
        return statement, parameters


def _without_keys(patch: Patch, _: "_Statements") -> None:
    """Nobody writes a key down before its job is there."""
    patch.setattr(submitting, "_insert_key", lambda *_: None)


TakeOut = Callable[[Patch, _Statements], None]
Race = Callable[[Any, Counter[str]], None]
RACES: list[tuple[str, TakeOut, Race]] = [
    ("fence", _without_fence, races.test_two_endings_of_one_attempt),
    ("fence", _without_fence, races.test_an_erase_against_a_commit),
    ("fence", _without_fence, races.test_the_reaper_against_a_commit),
    ("locks", _without_row_locks, races.test_two_endings_of_one_attempt),
    ("locks", _without_row_locks, races.test_a_commit_against_a_release),
    ("locks", _without_row_locks, races.test_the_reaper_against_a_heartbeat),
    ("states", _without_lanes_and_states, races.test_two_claimers_of_one_job),
    ("states", _without_lanes_and_states, races.test_a_cancel_against_a_claim),
    ("keys", _without_keys, races.test_sixteen_submits_with_one_key_make_one_job),
]
# SQLite has one writer at a time: there is no lock of a row to take out.
_ON_SQLITE = ("fence", "keys")


def _case(server: str, guard: str, take_out: TakeOut, race: Race) -> Any:
    name = f"{server}-{guard}-{race.__name__.removeprefix('test_')}"
    marks = [pytest.mark.postgres] if server == "postgres" else []
    return pytest.param(server, take_out, race, id=name, marks=marks)


CASES = [_case("postgres", *each) for each in RACES]
CASES += [_case("sqlite", *each) for each in RACES if each[0] in _ON_SQLITE]
_OF_DATABASE = {
    races.test_an_erase_against_a_commit,
    races.test_the_reaper_against_a_commit,
    races.test_the_reaper_against_a_heartbeat,
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("server", "take_out", "race"), CASES)
def test_without_its_guard_a_race_is_lost(
    request: pytest.FixtureRequest,
    monkeypatch: Patch,
    server: str,
    take_out: TakeOut,
    race: Race,
) -> None:
    database = Database(open_engine(request.getfixturevalue(f"{server}_url")))
    request.addfinalizer(database.close)
    statements = _Statements()
    event.listen(database.engine, "before_cursor_execute", statements.before, retval=True)
    sides: Any = database if race in _OF_DATABASE else Desk(SqlJobStore(database))
    seen: Counter[str] = Counter()
    monkeypatch.setattr(races, "ROUNDS", 5)
    monkeypatch.setattr(races, "LATE_S", _LATE_S)
    race(sides, seen)

    take_out(monkeypatch, statements)
    monkeypatch.setattr(races, "ROUNDS", _ENOUGH)
    with pytest.raises(_RED):
        race(sides, seen)
