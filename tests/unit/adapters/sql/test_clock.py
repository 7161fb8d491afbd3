"""What names this boot of the host, on systems that tell it in different ways."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pressroom.adapters.sql import clock


def test_linux_names_its_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "boot_id").write_text("3f2a\n")
    monkeypatch.setattr(clock, "_BOOT_ID", tmp_path / "boot_id")
    assert clock.boot_id() == "3f2a"


def test_macos_names_its_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command == ["sysctl", "-n", "kern.bootsessionuuid"]
        return subprocess.CompletedProcess(command, 0, "ABCD-1\n")

    monkeypatch.setattr(clock, "_BOOT_ID", tmp_path / "not_there")
    monkeypatch.setattr(subprocess, "run", run)
    assert clock.boot_id() == "ABCD-1"


@pytest.mark.parametrize("error", [FileNotFoundError("sysctl"), subprocess.CalledProcessError(1, "sysctl")])
def test_elsewhere_all_boots_have_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def run(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(clock, "_BOOT_ID", tmp_path / "not_there")
    monkeypatch.setattr(subprocess, "run", run)
    assert clock.boot_id() == "boot"


def test_seconds_since_boot_only_grow() -> None:
    seen = [clock.boot_seconds() for _ in range(100)]
    assert seen == sorted(seen)


def test_elsewhere_the_monotonic_clock_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(time, "monotonic", lambda: 12.5)
    assert clock.boot_seconds() == 12.5
