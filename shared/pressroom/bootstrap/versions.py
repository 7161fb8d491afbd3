"""Wires the handling of versions: the catalog, and the database that knows for which of them jobs wait."""

from collections.abc import Iterator
from contextlib import contextmanager

from pressroom.adapters.sql.open_jobs import open_jobs_of
from pressroom.bootstrap.stores import open_database
from pressroom.catalog.catalog import Catalog
from pressroom.catalog.shelf import Shelf
from pressroom.settings import Settings


@contextmanager
def open_shelf(settings: Settings) -> Iterator[Shelf]:
    """The models of this machine. The database is asked only where a version is to be removed."""
    database = open_database(settings, process="pressroom models")
    try:
        yield Shelf(
            Catalog.load(settings.zoo_dir, settings.models), lambda sha256: open_jobs_of(database, sha256)
        )
    finally:
        database.close()
