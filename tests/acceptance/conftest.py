"""A room of real parts for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.room import Room, room


@pytest.fixture
def fake_room(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Room]:
    """SQLite, the session's Valkey, the fake engine, leases of two seconds."""
    with room(sqlite_url, redis_url, tmp_path) as made:
        yield made
