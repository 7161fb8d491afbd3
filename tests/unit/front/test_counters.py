"""Where a front's processes count, and whose folder that is."""

import os
from pathlib import Path

import pytest

from pressroom.front.counters import Counters


@pytest.fixture(autouse=True)
def _the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")


def test_fronts_of_one_machine_keep_apart(tmp_path: Path) -> None:
    made = {Counters(tmp_path / home, port, memory=tmp_path).folder for home in ("a", "b") for port in (1, 2)}
    assert len(made) == 4
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in made)


def test_the_same_front_finds_its_folder_again_and_clears_it(tmp_path: Path) -> None:
    first = Counters(tmp_path, 1, memory=tmp_path)
    (first.folder / "counter_1.db").write_bytes(b"old")
    again = Counters(tmp_path, 1, memory=tmp_path)
    assert again.folder == first.folder
    again.clear()
    assert list(again.folder.iterdir()) == []
    again.remove()
    assert not again.folder.exists()


def test_it_is_told_to_the_library(tmp_path: Path) -> None:
    made = Counters(tmp_path, 1, memory=tmp_path)
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(made.folder)


def test_a_folder_that_somebody_else_put_there_is_not_used(tmp_path: Path) -> None:
    expected = Counters(tmp_path, 1, memory=tmp_path)
    expected.remove()
    elsewhere = tmp_path / "theirs"
    elsewhere.mkdir()
    expected.folder.symlink_to(elsewhere)
    made = Counters(tmp_path, 1, memory=tmp_path)
    assert made.folder not in (expected.folder, elsewhere)
    assert not made.folder.is_symlink()


def test_without_shared_memory_it_is_in_the_home(tmp_path: Path) -> None:
    made = Counters(tmp_path / "home", 7, memory=tmp_path / "none")
    assert made.folder == tmp_path / "home" / "metrics" / "front-7"
