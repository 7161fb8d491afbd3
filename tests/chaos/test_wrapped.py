"""The wrapped adapters fail as the control file says, and work when it says nothing."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.chaos import patches
from tests.chaos.control import Broken, Control, change, environment, read
from tests.chaos.mutations import GUARDS, go_without

from pressroom.adapters.files import FileArtifacts
from pressroom.adapters.files import store as files
from pressroom.adapters.sql import database as database_module
from pressroom.adapters.sql import engine as engine_module
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.domain.errors import ArtifactsUnavailable, DatabaseUnavailable
from pressroom.domain.ids import new_id

_HOUR_MS = 3_600_000


@pytest.fixture
def control(tmp_path: Path) -> Path:
    return tmp_path / "control.json"


@pytest.fixture
def broken_when_told(control: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's adapters, patched until the end of the test."""
    for module, name in (
        (files, "_write"),
        (engine_module, "_begin_sqlite"),
        (database_module, "HostClock"),
        (database_module, "server_clock"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    patches.break_when_told(Control(control))


@pytest.fixture
def database(broken_when_told: None, sqlite_url: str) -> Iterator[Database]:
    made = Database(open_engine(sqlite_url))
    yield made
    made.close()


def _fill(database: Database, size: int) -> None:
    database.write(
        lambda connection: connection.execute(
            text("INSERT INTO tenant (id, created_at) VALUES (hex(randomblob(8)) || :much, 0)"),
            {"much": "x" * size},
        )
    )


def test_without_a_file_nothing_is_broken(control: Path) -> None:
    assert Control(control).state == Broken() == read(control)


def test_changes_add_up_and_are_seen_by_a_control_that_was_there_before(control: Path) -> None:
    before = Control(control)
    assert before.state == Broken()
    change(control, wall_ms=7)
    change(control, files_full=True)
    assert before.state == Broken(wall_ms=7, files_full=True)
    change(control, wall_ms=0, files_full=False)
    assert before.state == Broken()


def test_a_full_disk_of_artifacts_stops_in_mid_file_and_leaves_nothing(
    broken_when_told: None, control: Path, tmp_path: Path
) -> None:
    store = FileArtifacts(tmp_path / "artifacts")
    path = f"{new_id('job')}/1/0.png"
    change(control, files_full=True)
    with pytest.raises(ArtifactsUnavailable, match=os.strerror(errno.ENOSPC)):
        store.put(path, b"picture", "image/png")
    assert not [found for found in (tmp_path / "artifacts").rglob("*") if found.is_file()]
    change(control, files_full=False)
    store.put(path, b"picture", "image/png")
    assert store.get(path) == b"picture"


def test_a_full_sqlite_refuses_what_needs_room_reads_on_and_takes_more_when_there_is_room(
    database: Database, control: Path
) -> None:
    _fill(database, 10)
    change(control, sqlite_full=True)
    with pytest.raises(DatabaseUnavailable, match="full"):
        _fill(database, 1_000_000)
    assert database.read(lambda connection: connection.scalar(text("SELECT count(*) FROM tenant"))) == 1
    change(control, sqlite_full=False)
    _fill(database, 1_000_000)
    assert database.read(lambda connection: connection.scalar(text("SELECT count(*) FROM tenant"))) == 2


def test_a_step_moves_the_wall_clock_of_sqlite_and_not_its_leases(database: Database, control: Path) -> None:
    before = database.read(database.now)
    change(control, wall_ms=-_HOUR_MS)
    after = database.read(database.now)
    assert -_HOUR_MS <= after.wall - before.wall < -_HOUR_MS + 60_000
    assert 0 <= after.lease - before.lease < 60_000
    assert after.lease_clock == before.lease_clock


@pytest.mark.postgres
def test_a_step_moves_all_clocks_of_postgresql(
    broken_when_told: None, control: Path, postgres_url: str
) -> None:
    database = Database(open_engine(postgres_url))
    try:
        before = database.read(database.now)
        change(control, wall_ms=2 * _HOUR_MS)
        after = database.read(database.now)
    finally:
        database.close()
    for earlier, later in ((before.wall, after.wall), (before.lease, after.lease)):
        assert 2 * _HOUR_MS <= later - earlier < 2 * _HOUR_MS + 60_000


@pytest.mark.parametrize("role", ["front", "relay", "worker"])
def test_the_real_process_runs_inside_its_wrapper(role: str, control: Path, tmp_path: Path) -> None:
    """A wrong setting is told by the process's own main."""
    arguments = ["--pool", "text"] if role == "worker" else []
    ran = subprocess.run(
        [sys.executable, "-m", "tests.chaos.wrapped", role, *arguments],
        env={**os.environ, **environment(control), "PRESSROOM_LEASE_S": "never"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode in (1, 78), ran.stderr
    assert "PRESSROOM_LEASE_S" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_is_no_role_is_refused(control: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.chaos.wrapped", "printer"],
        env={**os.environ, **environment(control)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert "printer" in ran.stderr


def test_a_guard_without_a_name_cannot_be_taken_out() -> None:
    go_without("")
    with pytest.raises(KeyError):
        go_without("no such guard")
    assert set(GUARDS) == {"fence", "commit_first", "durable_result"}
