"""The version of the database: checked when a process starts, brought up to date by one command.

``check`` needs no Alembic, so that a front does not carry it; ``upgrade`` and ``downgrade`` do.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.errors import MIGRATE, translated
from pressroom.domain.errors import SchemaMismatch

if TYPE_CHECKING:
    from alembic.config import Config

# The newest migration; a test compares it with the folder of migrations.
HEAD = "0007"


# PostgreSQL: lock_not_available. A migration that waits for a lock holds up all who come behind it: so
# it waits shortly, and often.
_LOCK_NOT_AVAILABLE = "55P03"
_LOCK_TRIES = 40
_LOCK_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a database is. ``oldest``: the oldest code that works on it; None before 0002 and when empty."""

    version: str | None
    oldest: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``upgrade`` does to a database at ``version`` (None: an empty one). Code that is older than
    ``oldest`` must not run on what it leaves; ``phase`` is "none" where there is nothing to do."""

    version: str | None
    head: str
    phase: Literal["none", "expand", "contract"]
    oldest: str


def standing(database: Database) -> Standing:
    """Raises DatabaseUnavailable."""

    def look(connection: Connection) -> Standing:
        tables = inspect(connection)
        if not tables.has_table("alembic_version"):
            return Standing(None, None)
        version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        if not tables.has_table("compatibility"):
            return Standing(version, None)
        return Standing(version, connection.scalar(text("SELECT max(oldest) FROM compatibility")))

    return database.read(look)


def check(database: Database) -> None:
    """Raises SchemaMismatch unless this code works on the database: it is at ``HEAD``, or newer and says
    that code of ``HEAD`` may go on; DatabaseUnavailable."""
    found = standing(database)
    if found.version is None:
        raise SchemaMismatch(f"The database is empty. {MIGRATE}")
    if found.version == HEAD:
        return
    if found.version < HEAD:
        raise SchemaMismatch(
            f"The database is at version {found.version}, this program needs {HEAD}. {MIGRATE}"
        )
    if found.oldest is None or found.oldest > HEAD:
        needs = f" and needs programs of {found.oldest} or newer" if found.oldest else ""
        raise SchemaMismatch(
            f"The database is at version {found.version}{needs}, this program knows {HEAD}: it is older. "
            "Install the newer Pressroom."
        )


def plan(url: str) -> Plan:
    """What ``upgrade`` would do. Raises DatabaseUnavailable, and SchemaMismatch for a database that is
    newer than this program."""
    from alembic.script import ScriptDirectory

    database = Database(open_engine(url, process="pressroom-migrate"))
    try:
        found = standing(database)
    finally:
        database.close()
    if found.version is not None and found.version > HEAD:
        raise SchemaMismatch(
            f"The database is at version {found.version}, this program knows {HEAD}: it is older. "
            "Migrate with the newer Pressroom."
        )
    scripts = ScriptDirectory(str(migrations()))
    ahead = [each.module for each in scripts.iterate_revisions("head", found.version or "base")]
    phase: Literal["none", "expand", "contract"] = "none"
    if ahead:
        phase = "contract" if any(module.PHASE == "contract" for module in ahead) else "expand"
    return Plan(found.version, HEAD, phase, str(scripts.get_revision(HEAD).module.OLDEST))


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database of ``url`` to a version, the newest by default. Two at once do no harm. Processes
    may work meanwhile.

    Raises DatabaseUnavailable."""
    from alembic import command

    with translated():
        for left in reversed(range(_LOCK_TRIES)):
            try:
                command.upgrade(_config(url), revision)
                return
            except DBAPIError as error:
                if not left or getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                    raise
                time.sleep(_LOCK_PAUSE_S)


def downgrade(url: str, revision: str) -> None:
    """Take the database of ``url`` back to an earlier version (``base`` is empty)."""
    from alembic import command

    with translated():
        command.downgrade(_config(url), revision)


def migrations() -> Path:
    """The folder of migrations: inside the installed package, or at the root of a checkout."""
    here = Path(__file__).resolve()
    for folder in (here.parents[2] / "migrations", here.parents[4] / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise SchemaMismatch("The migrations are missing from this installation; install Pressroom again.")


def _config(url: str) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.attributes["engine"] = open_engine(url, process="pressroom-migrate", migrating=True)
    return config
