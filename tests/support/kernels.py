"""The kernels, compiled for a test with the project's own script."""

import importlib.util
from pathlib import Path
from types import ModuleType

from tests.services.absent import missing

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
