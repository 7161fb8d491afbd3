"""Finding a Python on a bare machine: the right one, or one sentence that says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A stand-in that answers the three questions of scripts/python.sh as an interpreter would.
STAND_IN = """#!/bin/sh
case "$2" in
*print*) echo {version} ;;
*version_info*) exit {unfit} ;;
*ensurepip*) exit {without_venv} ;;
esac
"""


def interpreter(folder: Path, name: str, version: str, *, venv: bool = True) -> Path:
    folder.mkdir(exist_ok=True)
    minor = int(version.split(".")[1])
    path = folder / name
    path.write_text(
        STAND_IN.format(version=version, unfit=int(not 11 <= minor <= 13), without_venv=int(not venv))
    )
    path.chmod(0o755)
    return path


def find(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "python.sh")],
        env={"PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def one_sentence(said: subprocess.CompletedProcess[str]) -> str:
    assert said.returncode == 1
    assert said.stdout == ""
    assert len(said.stderr.splitlines()) == 1
    return said.stderr


def test_a_fitting_python_is_named(tmp_path: Path) -> None:
    path = interpreter(tmp_path, "python3", "3.12")
    assert find(tmp_path).stdout == f"{path}\n"


def test_the_real_one_passes(tmp_path: Path) -> None:
    assert find(tmp_path, PYTHON=sys.executable).stdout == f"{sys.executable}\n"


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.14"])
def test_another_one_is_found_beside_an_unfit_one(tmp_path: Path, version: str) -> None:
    interpreter(tmp_path, "python3", version)
    path = interpreter(tmp_path, "python3.11", "3.11")
    assert find(tmp_path).stdout == f"{path}\n"


def test_one_without_venv_is_passed_over_for_one_with_it(tmp_path: Path) -> None:
    interpreter(tmp_path, "python3", "3.13", venv=False)
    path = interpreter(tmp_path, "python3.12", "3.12")
    assert find(tmp_path).stdout == f"{path}\n"


def test_too_old_is_one_sentence(tmp_path: Path) -> None:
    interpreter(tmp_path, "python3", "3.9")
    said = one_sentence(find(tmp_path))
    assert "python3 is 3.9" in said
    assert "3.11, 3.12 or 3.13" in said


def test_none_at_all_is_one_sentence(tmp_path: Path) -> None:
    assert "none found" in one_sentence(find(tmp_path))


def test_a_missing_venv_module_is_one_sentence(tmp_path: Path) -> None:
    interpreter(tmp_path, "python3", "3.11", venv=False)
    said = one_sentence(find(tmp_path))
    assert "venv" in said
    assert "apt install python3.11-venv" in said


def test_make_says_it_too(tmp_path: Path) -> None:
    """Through ``make demo`` in a checkout without an environment."""
    checkout = tmp_path / "checkout"
    (checkout / "scripts").mkdir(parents=True)
    for name in ("Makefile", "scripts/python.sh", "scripts/setup.py"):
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    interpreter(tmp_path / "bin", "python3", "3.9")
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    make = subprocess.run(["which", "make"], capture_output=True, text=True, check=True).stdout.strip()
    said = subprocess.run(
        [make, "demo"],
        cwd=checkout,
        env={"PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode != 0
    assert "python3 is 3.9" in said.stderr
    assert not (checkout / ".venv").exists()
