"""The build of the kernels: what is there already, of the same sources, is not compiled again; anything else is."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """As it would run in a checkout of its own, with a compiler that only notes what it is asked."""
    spec = importlib.util.spec_from_file_location("build_kernels", ROOT / "scripts" / "build_kernels.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path / module.FOLDER
    folder.mkdir(parents=True)
    for path in (ROOT / module.FOLDER).glob("*.[ch]"):
        shutil.copy(path, folder)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "compiled", [], raising=False)

    def run(*command: str) -> None:
        module.compiled.append(command)
        target = Path(command[command.index("-o") + 1])
        marks = [part for part in command if part.startswith("-DMADE_OF=")]
        before = b"".join(
            Path(part).read_bytes() for part in command if part.endswith(".o") and part != str(target)
        )
        target.write_bytes(before + "".join(marks).encode())

    monkeypatch.setattr(module, "_run", run)
    if shutil.which("cc") is None or module.LEVELS.get(module.platform.machine()) is None:
        monkeypatch.setattr(module.shutil, "which", lambda name: "/bin/true")
        monkeypatch.setattr(module.platform, "machine", lambda: "x86_64")
    return module


def test_the_same_sources_are_compiled_once(script: ModuleType, tmp_path: Path) -> None:
    target = tmp_path / script.FOLDER / script.FILE
    assert script.build(target) == target
    first, made = len(script.compiled), target.stat().st_mtime_ns
    assert first > len(script._OPERATORS)
    assert script.build(target) == target
    assert (len(script.compiled), target.stat().st_mtime_ns) == (first, made)


@pytest.mark.parametrize("change", ["source", "gone", "foreign"])
def test_whatever_differs_is_compiled_anew(script: ModuleType, tmp_path: Path, change: str) -> None:
    target = tmp_path / script.FOLDER / script.FILE
    script.build(target)
    first = len(script.compiled)
    if change == "source":
        with (tmp_path / script.FOLDER / "crew.h").open("a") as header:
            header.write("// another line\n")
    elif change == "gone":
        target.unlink()
    else:
        target.write_bytes(b"a library that somebody else has made")
    assert script.build(target) == target
    assert len(script.compiled) == 2 * first
