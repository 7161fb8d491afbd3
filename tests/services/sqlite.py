"""A fresh, migrated SQLite database a test: a copy of one that was migrated once."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pressroom.adapters.sql import schema


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file that nobody has open."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    schema.upgrade(f"sqlite:///{file}")
    assert not file.with_name("template.db-wal").exists()
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path) -> Iterator[str]:
    """URL of a fresh, migrated database; in memory where the system has a folder for that, since
    every commit is flushed to disk."""
    memory = Path("/dev/shm")
    room = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="pr-sqlite-", dir=room) as folder:
        file = Path(folder) / "pressroom.db"
        shutil.copyfile(sqlite_template, file)
        yield f"sqlite:///{file}"
