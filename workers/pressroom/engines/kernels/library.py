"""The compiled kernels, if there are any for this processor."""

import ctypes
import sysconfig
from functools import cache
from pathlib import Path

FILE = f"kernels-{sysconfig.get_platform()}.so"


@cache
def kernels() -> Path | None:
    """The library to give to a session; None where none was compiled, or where it cannot run."""
    path = Path(__file__).with_name(FILE)
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return None
    return path if library.pressroom_kernels_run_here() else None
