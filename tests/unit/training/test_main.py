"""The commands where torch is missing: they are shown, and say what to install."""

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT = "import sys; sys.modules['torch'] = None; from pressroom.training.cli import main; main()"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize("name", ["vae-dense", "gan", "lm-gpt"])
def test_without_torch_it_says_what_to_install(tmp_path: Path, name: str) -> None:
    said = _run("train", name, "--out", str(tmp_path / "run"))
    assert said.returncode == 1
    assert said.stderr.startswith("Error: Training needs torch")
    assert "pressroom[train]" in said.stderr


def test_the_commands_are_shown_all_the_same() -> None:
    said = _run("--help")
    assert said.returncode == 0
    assert all(command in said.stdout for command in ("train", "evaluate", "export"))
