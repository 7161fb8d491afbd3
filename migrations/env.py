"""How Alembic reaches the database: the engine it is handed, ``-x url=…``, or the settings."""

from alembic import context
from sqlalchemy import Connection, Engine, text

from pressroom.adapters.sql.all_tables import metadata
from pressroom.adapters.sql.engine import WRITES, open_engine
from pressroom.settings import load

# Any number; it only has to be the same for all who migrate.
_ONE_AT_A_TIME = 7_237_105


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
        compare_type=True,
    )
    with context.begin_transaction():
        if not sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
        context.run_migrations()


def _online() -> None:
    engine = _engine()
    try:
        # The SQLite write lock is taken first, so that of two who migrate one waits.
        with engine.connect().execution_options(**WRITES) as connection:
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
