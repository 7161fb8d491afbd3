"""Wires the operator's commands: keys, migrations and numbers, over the database of the settings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pressroom import settings as configuration
from pressroom.adapters.sql import schema
from pressroom.adapters.sql.retentions import SqlRetentionStore
from pressroom.adapters.sql.spending import SqlSpendingStore
from pressroom.adapters.sql.uploads import SqlUploadStore
from pressroom.bootstrap.stores import (
    open_database,
    open_job_store,
    open_key_store,
    open_requeue_store,
    queue_limits,
)
from pressroom.catalog.catalog import Catalog
from pressroom.jobs.keys import Keyring
from pressroom.jobs.ports import JobStore
from pressroom.jobs.requeue import Requeuer, RequeueStore
from pressroom.jobs.retention import RetentionStore
from pressroom.jobs.spending import Accounts
from pressroom.settings import Settings


@dataclass(frozen=True, slots=True)
class AdminParts:
    """What the operator's commands work with. ``requeuer`` reads the models' manifests, once it is called."""

    keys: Keyring
    store: JobStore
    retentions: RetentionStore
    requeues: RequeueStore
    requeuer: Callable[[], Requeuer]
    accounts: Accounts


@contextmanager
def admin_parts(settings: Settings | None = None) -> Iterator[AdminParts]:
    """Open for one command, closed behind it. Raises SchemaMismatch, DatabaseUnavailable."""
    settings = settings or configuration.load()
    database = open_database(settings, process="pressroom-admin")
    try:
        store = open_job_store(settings, database)
        store.check_schema()
        requeues = open_requeue_store(database, store)

        def requeuer() -> Requeuer:
            catalog = Catalog.load(settings.zoo_dir, settings.models)
            return Requeuer(store, requeues, catalog, None, queue_limits(settings), SqlUploadStore(database))

        yield AdminParts(
            Keyring(open_key_store(settings, database)),
            store,
            SqlRetentionStore(database),
            requeues,
            requeuer,
            Accounts(SqlSpendingStore(database)),
        )
    finally:
        database.close()


def migrate(settings: Settings | None = None) -> str:
    """Bring the database to this program's version, and return it. Raises DatabaseUnavailable."""
    settings = settings or configuration.load()
    schema.upgrade(settings.database)
    return schema.HEAD


def migration(settings: Settings | None = None) -> schema.Plan:
    """What ``migrate`` would do. Raises DatabaseUnavailable, and SchemaMismatch for a newer database."""
    settings = settings or configuration.load()
    return schema.plan(settings.database)
