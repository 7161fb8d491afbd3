"""How much room the disks have that jobs are written to; little room is said before none is left."""

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

_LOOK_S = 1.0
# Room is there again at so much above the mark, or every job that ends would turn it on and off.
_ENOUGH = 1.25


class DiskRoom:
    """The port ``Room`` over folders of this machine. Thread-safe."""

    def __init__(
        self,
        folders: Sequence[Path],
        low_bytes: int,
        *,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Below ``low_bytes`` free on any disk of ``folders`` there is trouble; 0 is never."""
        self._folders = tuple(folders) if low_bytes else ()
        self._low = low_bytes
        self._free_bytes = free_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._trouble: str | None = None

    def trouble(self) -> str | None:
        """Looked up once a second at most."""
        with self._lock:
            now = self._clock()
            if now - self._looked_at >= _LOOK_S:
                self._looked_at = now
                self._trouble = self._look()
            return self._trouble

    def _look(self) -> str | None:
        mark = int(self._low * (_ENOUGH if self._trouble else 1))
        for folder in self._folders:
            try:
                free = self._free_bytes(folder)
            except OSError:
                continue  # one that is not there yet, or not ours to ask
            if free < mark:
                return (
                    f"Only {free // 1_000_000} MB are free where {folder} lies, less than "
                    f"{mark // 1_000_000} MB. Make room, or lower PRESSROOM_DISK_LOW_MB."
                )
        return None
