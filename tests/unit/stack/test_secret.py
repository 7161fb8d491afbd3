"""The server secret of a home."""

import stat
from pathlib import Path

from pressroom.stack.secret import server_secret


def test_made_once_long_and_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = server_secret(home)
    assert len(first) >= 32
    assert server_secret(home) == first
    assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["secret"]


def test_homes_have_different_ones(tmp_path: Path) -> None:
    assert server_secret(tmp_path / "a") != server_secret(tmp_path / "b")
