"""The kernels, compiled for a test with the project's own script."""

import importlib.util
import platform
from pathlib import Path
from types import ModuleType

import pytest
from tests.services.absent import missing

LEVELS = ("v3", "v4") if platform.machine() == "x86_64" else ("neon",)
_SCRIPT = Path(__file__).parents[2] / "scripts" / "build_kernels.py"


def script() -> ModuleType:
    """``scripts/build_kernels.py`` as a module."""
    spec = importlib.util.spec_from_file_location("build_kernels", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def build(target: Path, level: str | None) -> Path:
    """Compiled for one level of processor, or for all."""
    built: Path | None = script().build(target, level)
    if built is None:
        missing("a C compiler", "the kernels could not be compiled")
    assert built is not None
    return built


def library_for(level: str, folders: pytest.TempPathFactory) -> Path:
    """The kernels of one level; where this processor lacks the highest, those that it has."""
    if level == "v4" and "avx512vl" not in Path("/proc/cpuinfo").read_text():
        return build(folders.mktemp("kernels") / "all.so", None)
    return build(folders.mktemp("kernels") / f"{level}.so", level)
