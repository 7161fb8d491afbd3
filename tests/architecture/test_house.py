"""The shape of the house: roots, sizes, docstrings, and nothing of the machine it was written on."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("shared", "services", "workers", "clients", "training")
MOST_LINES = 450


def tracked(*suffixes: str) -> list[Path]:
    """The repository's files, new ones too, but none that git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes)]


@pytest.mark.parametrize("root", ROOTS)
def test_no_root_closes_the_namespace(root: str) -> None:
    assert (ROOT / root / "pressroom").is_dir()
    assert not (ROOT / root / "pressroom" / "__init__.py").exists()


def test_a_room_stands_in_one_root_alone() -> None:
    rooms = [room.name for root in ROOTS for room in (ROOT / root / "pressroom").iterdir() if room.is_dir()]
    rooms = [name for name in rooms if name != "__pycache__"]
    assert sorted(rooms) == sorted(set(rooms))


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked(".py")
        if (lines := len(path.read_text().splitlines())) > MOST_LINES
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked(".py")
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


# Places of one machine, and addresses of package hosts: neither belongs in a repository.
_MACHINE = re.compile(
    r"(?<![\w/.-])/(?:work|root|home/\w+|Users/\w+|opt/pypi[\w-]*|opt/wheels)(?:/[\w.-]+|\b)"
    r"|https?://(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|test\.pypi\.org)"
)
_TEXT = (".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".sh", ".ini", ".json", ".html", ".js", ".css", "")


@pytest.mark.parametrize(
    "line", ["see /" + "root/x", "cd /" + "work/main", "/" + "home/me/a", "https://" + "pypi.org/simple"]
)
def test_a_place_of_one_machine_is_seen(line: str) -> None:
    assert _MACHINE.search(line)


def test_no_file_names_places_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in tracked(*_TEXT)
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if _MACHINE.search(line)
    ]
    assert found == []


def test_no_work_is_left_as_a_note() -> None:
    note = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py", ".md", ".toml", ".yml", ".sh")
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if note.search(line)
    ]
    assert found == []
