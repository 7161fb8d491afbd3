"""A migration that says it expands only adds: whatever the old code did before, it does after it.

Looked at in both databases: what was there is there as it was, and what is new asks nothing of statements
that do not know it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from pressroom.adapters.sql import schema
from pressroom.adapters.sql.engine import WRITES, open_engine


@dataclass(frozen=True)
class Table:
    """``columns``: type and whether it may be null. ``rules``: what refuses rows."""

    columns: dict[str, tuple[str, bool]]
    asked: frozenset[str]
    indexes: dict[str | None, str]
    rules: frozenset[str]


Tables = dict[str, Table]


def offences(before: Tables, after: Tables) -> list[str]:
    """What an expanding migration must not have done."""
    found = [f"table {name} is gone" for name in before.keys() - after.keys()]
    for name in before.keys() & after.keys():
        old, new = before[name], after[name]
        for column, kind in old.columns.items():
            if new.columns.get(column) != kind:
                found.append(f"{name}.{column} was {kind}, is {new.columns.get(column, 'gone')}")
        for column in new.asked - old.columns.keys():
            found.append(f"{name}.{column} is new and has to be given")
        for index, made in old.indexes.items():
            if new.indexes.get(index) != made:
                found.append(f"index {index} was {made}, is {new.indexes.get(index, 'gone')}")
        found += [f"{name} has a new rule: {rule}" for rule in new.rules - old.rules]
    return sorted(found)


def seen(engine: Engine) -> Tables:
    """All tables but Alembic's own."""
    look = inspect(engine)
    return {name: _table(look, name) for name in look.get_table_names() if name != "alembic_version"}


def _table(look: sa.Inspector, name: str) -> Table:
    columns = look.get_columns(name)
    indexes = look.get_indexes(name)
    rules = [f"check {check['sqltext']}" for check in look.get_check_constraints(name)]
    rules += [f"unique {sorted(unique['column_names'])}" for unique in look.get_unique_constraints(name)]
    rules += [
        f"reference {key['constrained_columns']} to {key['referred_table']}"
        for key in look.get_foreign_keys(name)
    ]
    rules += [f"unique index {index['column_names']}" for index in indexes if index["unique"]]
    rules.append(f"key {look.get_pk_constraint(name)['constrained_columns']}")
    return Table(
        {column["name"]: (str(column["type"]), bool(column["nullable"])) for column in columns},
        frozenset(
            column["name"]
            for column in columns
            if not column["nullable"]
            and column["default"] is None
            and column.get("autoincrement") is not True
        ),
        {
            index["name"]: f"{index['column_names']} {index.get('expressions')} {index['unique']}"
            for index in indexes
        },
        frozenset(rules),
    )


SCRIPTS = ScriptDirectory(str(schema.migrations()))
MIGRATIONS = [script.module for script in SCRIPTS.walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_engine(url, migrating=True)
    yield opened
    opened.dispose()


def test_each_migration_says_its_phase_and_who_may_run_on_it() -> None:
    oldest = MIGRATIONS[0].revision
    for module in MIGRATIONS:
        assert module.PHASE in ("expand", "contract"), module
        if module.PHASE == "expand":
            assert oldest == module.OLDEST, (
                f"{module.revision} expands: whoever could run before it still can"
            )
        else:
            assert oldest < module.OLDEST <= module.revision, f"{module.revision} contracts: for whom?"
        oldest = module.OLDEST


def test_whoever_expands_only_adds(url: str, engine: Engine) -> None:
    before: Tables = {}
    for module in MIGRATIONS:
        schema.upgrade(url, module.revision)
        after = seen(engine)
        if module.PHASE == "expand":
            assert offences(before, after) == [], module.revision
        before = after


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda op: op.drop_table("idempotency_key"), "table idempotency_key is gone"),
        (lambda op: op.drop_column("worker", "host"), "worker.host was"),
        (lambda op: op.alter_column("worker", "host", new_column_name="place"), "worker.host was"),
        (lambda op: op.drop_index("ix_job_due", "job"), "index ix_job_due was"),
        (
            lambda op: op.create_index("once", "worker", ["host", "pid"], unique=True),
            "worker has a new rule: unique index",
        ),
    ],
)
def test_what_takes_away_is_seen(url: str, engine: Engine, change: Any, words: str) -> None:
    schema.upgrade(url, "0001")
    before = seen(engine)
    with engine.connect().execution_options(**WRITES) as connection, connection.begin():
        change(Operations(MigrationContext.configure(connection)))

    (found,) = offences(before, seen(engine))[:1]
    assert words in found


def test_a_column_that_has_to_be_given_is_seen() -> None:
    """SQLite refuses it by itself, PostgreSQL takes it while the table has no row."""
    before = Table({"id": ("TEXT", False)}, frozenset({"id"}), {}, frozenset())
    after = Table({**before.columns, "city": ("TEXT", False)}, frozenset({"id", "city"}), {}, frozenset())
    assert offences({"worker": before}, {"worker": after}) == ["worker.city is new and has to be given"]


def test_what_adds_is_no_offence(url: str, engine: Engine) -> None:
    schema.upgrade(url, "0001")
    before = seen(engine)
    with engine.connect().execution_options(**WRITES) as connection, connection.begin():
        op = Operations(MigrationContext.configure(connection))
        op.add_column("worker", sa.Column("city", sa.String(8), nullable=True))
        op.add_column("worker", sa.Column("room", sa.Integer(), nullable=False, server_default=text("0")))
        op.create_index("ix_worker_city", "worker", ["city"])
        op.create_table("city", sa.Column("id", sa.Integer(), primary_key=True))

    assert offences(before, seen(engine)) == []
