"""How Alembic reaches the database: the engine it is handed, ``-x url=…``, or the settings."""

from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from pressroom.adapters.sql.all_tables import metadata
from pressroom.adapters.sql.engine import WRITES, open_engine
from pressroom.adapters.sql.migrating import alone, note_oldest
from pressroom.settings import load


def _engine() -> Engine:
    given = context.config.attributes.get("engine")
    if isinstance(given, Engine):
        return given
    url = context.get_x_argument(as_dictionary=True).get("url") or load().database
    return open_engine(url, process="pressroom-migrate", migrating=True)


def _run(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite changes a table by building it anew, beside the old one.
        render_as_batch=sqlite,
        transactional_ddl=True,
        # Each on PostgreSQL in its own, so that one may build indexes outside of it.
        transaction_per_migration=not sqlite,
        compare_type=True,
        on_version_apply=_note,
    )
    with context.begin_transaction():
        context.run_migrations()


def _note(
    ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]
) -> None:
    """The version that is reached says which code may run on it."""
    scripts = ScriptDirectory.from_config(context.config)
    for revision in step.destination_revision_ids:
        assert ctx.connection is not None
        note_oldest(ctx.connection, scripts.get_revision(revision).module)


def _online() -> None:
    engine = _engine()
    try:
        # The SQLite write lock is taken first, so that of two who migrate one waits.
        with alone(engine), engine.connect().execution_options(**WRITES) as connection:
            if engine.dialect.name == "sqlite":
                # Rebuilding a table must not touch the rows that refer to it. Outside a transaction.
                cursor = connection.connection.cursor()
                cursor.execute("PRAGMA foreign_keys=OFF")
                cursor.close()
            _run(connection)
    finally:
        engine.dispose()


def _offline() -> None:
    url = context.get_x_argument(as_dictionary=True).get("url") or load().database
    context.configure(url=url, target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _offline()
else:
    _online()
