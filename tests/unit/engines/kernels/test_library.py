"""The kernels are compiled where there is a compiler, found where they can run, and done without elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.absent import missing
from tests.support.kernels import script

from pressroom.engines.kernels import library
from pressroom.engines.kernels.library import kernels


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    kernels.cache_clear()
    yield
    kernels.cache_clear()


def test_this_checkout_has_them() -> None:
    if kernels() is None:
        missing("the engines' kernels", "run `python scripts/build_kernels.py`")
    assert kernels() == Path(library.__file__).with_name(library.FILE)


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_what_cannot_be_loaded_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / library.FILE).write_bytes(content)
    monkeypatch.setattr(library, "__file__", str(tmp_path / "library.py"))
    assert kernels() is None


def test_without_a_compiler_the_package_is_built_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "kernels.so"
    stale.write_bytes(b"of another version")
    monkeypatch.setenv("CC", "no-such-compiler")
    assert script().build(stale) is None
    assert "no C compiler" in capsys.readouterr().err
    assert not stale.exists()


def test_a_compiler_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CC", "cc")
    assert script().build(tmp_path / "kernels.so") is None
    assert "No kernels of our own" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["cc"]


def test_the_script_and_the_engine_name_the_same_file() -> None:
    assert script().FILE == library.FILE
