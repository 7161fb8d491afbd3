"""The one place where a database driver's errors become Pressroom's.

Whatever a driver raises because of the connection, a lock, a time limit or a full disk is
``DatabaseUnavailable``; a missing table or column is ``SchemaMismatch``. A broken constraint or a
value that does not fit is a mistake of ours and passes unchanged.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from pressroom.domain.errors import DatabaseUnavailable, SchemaMismatch

MIGRATE = "Run `pressroom admin migrate`, then start this process again."
_NO_SUCH = ("no such table", "no such column", "has no column named")


@contextmanager
def translated() -> Iterator[None]:
    """Raise Pressroom's errors in place of SQLAlchemy's within the block."""
    try:
        yield
    except exc.IntegrityError:
        raise
    except exc.DBAPIError as error:
        reason = _reason(error)
        if _schema_is_wrong(error, reason):
            raise SchemaMismatch(f"The database lacks a table or column ({reason}). {MIGRATE}") from error
        if isinstance(error, exc.DataError | exc.ProgrammingError | exc.NotSupportedError) and not (
            error.connection_invalidated
        ):
            raise
        raise DatabaseUnavailable(
            f"The database did not answer ({reason}). Try again in a moment.", retry_after_s=2
        ) from error
    except exc.TimeoutError as error:
        raise DatabaseUnavailable(
            "All connections to the database are in use. Try again in a moment.", retry_after_s=2
        ) from error


def _schema_is_wrong(error: exc.DBAPIError, reason: str) -> bool:
    # PostgreSQL: undefined_table and undefined_column.
    return getattr(error.orig, "sqlstate", None) in ("42P01", "42703") or any(
        phrase in reason for phrase in _NO_SUCH
    )


def _reason(error: exc.DBAPIError) -> str:
    """The driver's first line, without SQL or values: prompts are never logged."""
    lines = str(error.orig).splitlines()
    return lines[0][:200] if lines else type(error.orig).__name__
