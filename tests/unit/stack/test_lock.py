"""One stack a home."""

import json
import os
from pathlib import Path

import pytest

from pressroom.stack.errors import AlreadyRunning
from pressroom.stack.lock import HomeLock


def test_a_second_one_is_told_who_and_where(tmp_path: Path) -> None:
    with (
        HomeLock(tmp_path, "http://127.0.0.1:8017"),
        pytest.raises(AlreadyRunning) as told,
        HomeLock(tmp_path, "http://127.0.0.1:9000"),
    ):
        pass
    assert str(os.getpid()) in str(told.value)
    assert "http://127.0.0.1:8017" in str(told.value)
    assert told.value.pid == os.getpid()


def test_it_is_free_again_afterwards_and_makes_the_home(tmp_path: Path) -> None:
    home = tmp_path / "a" / "b"
    for _ in range(2):
        with HomeLock(home, "http://x"):
            assert json.loads((home / "stack.lock").read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": null, "address": 3}', b"\xff\xfe"])
def test_a_torn_lock_file_still_refuses(tmp_path: Path, content: bytes) -> None:
    with HomeLock(tmp_path, "http://x"):
        (tmp_path / "stack.lock").write_bytes(content)
        with pytest.raises(AlreadyRunning), HomeLock(tmp_path, "http://y"):
            pass


def test_homes_do_not_disturb_each_other(tmp_path: Path) -> None:
    with HomeLock(tmp_path / "a", "http://x"), HomeLock(tmp_path / "b", "http://y"):
        pass
