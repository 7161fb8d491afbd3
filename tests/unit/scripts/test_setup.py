"""The set-up installs what has changed since the last time, and nothing else."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "setup.py"


class World:
    """The script in a checkout of its own, with a pip that only notes what it was told."""

    def __init__(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        spec = importlib.util.spec_from_file_location("pressroom_setup", SCRIPT)
        assert spec is not None
        assert spec.loader is not None
        self.script: ModuleType = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.script)
        self.checkout = checkout
        self.told: list[str] = []
        monkeypatch.setattr(self.script, "ROOT", checkout)
        monkeypatch.setattr(self.script, "VENV", checkout / ".venv")
        monkeypatch.setattr(self.script, "_works", lambda: True)
        monkeypatch.setattr(self.script, "_pip", lambda *words: self.told.append(words[-1]))

    def run(self, what: str) -> list[str]:
        self.told.clear()
        assert self.script.main(what) == 0
        return list(self.told)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    made = tmp_path / "here"
    for name in (
        "requirements/stack.txt",
        "requirements/dev.txt",
        "pyproject.toml",
        ".venv/bin/python",
        "scripts/build_kernels.py",
        "workers/pressroom/engines/kernels/attention.c",
    ):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    return made


@pytest.fixture
def world(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(checkout, monkeypatch)


def test_the_second_run_installs_nothing(world: World) -> None:
    assert world.run("stack") == ["requirements/stack.txt", "."]
    assert world.run("stack") == []


def test_what_tests_need_holds_what_the_stack_needs(world: World) -> None:
    assert world.run("dev") == ["requirements/dev.txt", "."]
    assert world.run("stack") == []


def test_a_changed_lock_is_installed(world: World) -> None:
    world.run("stack")
    (world.checkout / "requirements" / "stack.txt").write_text("another")
    assert world.run("stack") == ["requirements/stack.txt"]


@pytest.mark.parametrize(
    "name", ["scripts/build_kernels.py", "workers/pressroom/engines/kernels/attention.c"]
)
def test_changed_kernels_are_compiled_anew(world: World, name: str) -> None:
    world.run("stack")
    (world.checkout / name).write_text("another")
    assert world.run("stack") == ["."]
    assert world.run("stack") == []


def test_a_compiler_that_has_come_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CC", str(tmp_path / "cc"))
    world.run("stack")
    (tmp_path / "cc").write_text("#!/bin/sh\n")
    (tmp_path / "cc").chmod(0o755)
    assert world.run("stack") == ["."]


def test_torch_comes_only_when_asked_for(world: World) -> None:
    assert "torch==2.13.0" in world.script.TRAIN
    world.run("dev")
    assert world.run("train") == [world.script.TRAIN[-1]]
    assert world.run("train") == []


def test_a_moved_checkout_is_installed_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run("stack")
    there = world.checkout.rename(world.checkout.parent / "there")
    assert World(there, monkeypatch).run("stack") == ["."]
