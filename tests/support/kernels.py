"""The checkout's own kernels, one level of processor at a time."""

import ctypes
import importlib.util
import platform
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from tests.services.absent import missing

from pressroom.engines.kernels.library import kernels

LEVELS = ("v3", "v4", "vnni") if platform.machine() == "x86_64" else ("neon",)
_SCRIPT = Path(__file__).parents[2] / "scripts" / "build_kernels.py"


def script() -> ModuleType:
    """``scripts/build_kernels.py`` as a module."""
    spec = importlib.util.spec_from_file_location("build_kernels", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def library_for(level: str, folders: pytest.TempPathFactory) -> Path:
    """A copy of the kernels that uses this level; where the processor lacks it, the best that it has."""
    found = kernels()
    if found is None:
        missing("the engines' kernels", "run `python scripts/build_kernels.py`")
    assert found is not None
    # A library is loaded once a file: the other one goes on with the best.
    copy = Path(shutil.copy(found, folders.mktemp("kernels") / f"{level}.so"))
    library = ctypes.CDLL(str(copy))
    if not library.pressroom_kernels_use_level(_LASTING[level]):
        library.pressroom_kernels_use_level(None)
    return copy


# What the library keeps a pointer to.
_LASTING = {level: ctypes.create_string_buffer(level.encode()) for level in LEVELS}
