"""The version of the database: checked when a process starts, brought up to date by one command.

``check`` needs no Alembic, so that a front does not carry it; ``upgrade`` and ``downgrade`` do.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.errors import MIGRATE, translated
from pressroom.domain.errors import SchemaMismatch

if TYPE_CHECKING:
    from alembic.config import Config

# The newest migration; a test compares it with the folder of migrations.
HEAD = "0002"


def check(database: Database) -> None:
    """Raises SchemaMismatch unless the database is at ``HEAD``; DatabaseUnavailable."""

    def look(connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found

    found = database.read(look)
    if found is None:
        raise SchemaMismatch(f"The database is empty. {MIGRATE}")
    if found == HEAD:
        return
    if found > HEAD:
        raise SchemaMismatch(
            f"The database is at version {found}, this program knows {HEAD}: it is older. Install the newer Pressroom."
        )
    raise SchemaMismatch(f"The database is at version {found}, this program needs {HEAD}. {MIGRATE}")


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database of ``url`` to a version, the newest by default. Two at once do no harm.

    Raises DatabaseUnavailable."""
    from alembic import command

    with translated():
        command.upgrade(_config(url), revision)


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
