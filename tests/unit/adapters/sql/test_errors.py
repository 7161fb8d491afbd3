"""Drivers' errors become Pressroom's, and say nothing of what was in the statement."""

import sqlite3

import psycopg
import pytest
from sqlalchemy import exc

from pressroom.adapters.sql.errors import translated
from pressroom.domain.errors import DatabaseUnavailable, PressroomError, SchemaMismatch


def _raised(error: Exception) -> Exception:
    try:
        with translated():
            raise error
    except Exception as told:
        return told


def _wrapped(kind: type[exc.DBAPIError], original: Exception) -> exc.DBAPIError:
    return kind("SELECT :prompt", {"prompt": "a secret"}, original)


@pytest.mark.parametrize(
    "error",
    [
        _wrapped(exc.OperationalError, sqlite3.OperationalError("database is locked")),
        _wrapped(exc.OperationalError, sqlite3.OperationalError("database or disk is full")),
        _wrapped(exc.DatabaseError, sqlite3.DatabaseError("file is not a database")),
        _wrapped(exc.OperationalError, psycopg.OperationalError("connection refused")),
        _wrapped(exc.OperationalError, psycopg.errors.DeadlockDetected("deadlock detected")),
        _wrapped(exc.OperationalError, psycopg.errors.QueryCanceled("canceling statement")),
        _wrapped(exc.InternalError, psycopg.errors.IdleInTransactionSessionTimeout("terminating")),
        _wrapped(exc.InterfaceError, psycopg.InterfaceError("the connection is closed")),
        exc.TimeoutError("QueuePool limit"),
    ],
)
def test_what_may_pass_is_an_outage(error: Exception) -> None:
    told = _raised(error)
    assert isinstance(told, DatabaseUnavailable)
    assert told.retry_after_s
    assert "secret" not in str(told)
    assert told.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        _wrapped(exc.OperationalError, sqlite3.OperationalError("no such table: job")),
        _wrapped(exc.OperationalError, sqlite3.OperationalError("no such column: job.alone")),
        _wrapped(exc.ProgrammingError, psycopg.errors.UndefinedTable("relation does not exist")),
        _wrapped(exc.ProgrammingError, psycopg.errors.UndefinedColumn("column does not exist")),
    ],
)
def test_a_missing_table_or_column_is_a_matter_of_the_schema(error: Exception) -> None:
    told = _raised(error)
    assert isinstance(told, SchemaMismatch)
    assert "pressroom admin migrate" in told.message


@pytest.mark.parametrize(
    "error",
    [
        _wrapped(exc.IntegrityError, sqlite3.IntegrityError("UNIQUE constraint failed")),
        _wrapped(exc.DataError, psycopg.DataError("value too long")),
        _wrapped(exc.ProgrammingError, psycopg.errors.SyntaxError("syntax error")),
        PressroomError("ours"),
        ValueError("a mistake"),
    ],
)
def test_our_own_mistakes_pass_unchanged(error: Exception) -> None:
    assert _raised(error) is error
