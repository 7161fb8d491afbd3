"""What all processes of a front have counted, those that have ended included: one set of numbers.

prometheus_client's multi-process mode: each process counts in files of its own, which are mapped into
its memory, and who is asked adds them up. Here they lie in shared memory where the system has it. On a
full disk the first write to a new page of such a file would end the process.

The files of a process that has ended are added to those of all the ended ones, so that the sums stay
true and the files few. Gunicorn's master does both, this and the telling, under one lock.
"""

import contextlib
import glob
import hashlib
import os
import stat
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SHARED_MEMORY = Path("/dev/shm")
_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_ENDED = "ended"


class Counters:
    """A folder of files, one set a process. Make it before anything imports prometheus_client, which
    decides by the environment where it counts."""

    def __init__(self, home: Path, port: int, *, memory: Path = SHARED_MEMORY) -> None:
        """``home`` and ``port`` name the front: only one listens there at a time."""
        self._folder = _folder(home, port, memory)
        self._lock = threading.Lock()
        os.environ[_VARIABLE] = str(self._folder)

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self._folder

    def clear(self) -> None:
        """Remove what an earlier front has left. Call it once the port is one's own."""
        for file in self._folder.glob("*.db"):
            file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Leave nothing behind."""
        self.clear()
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def collect(self) -> Iterable[Any]:
        """The metrics of all processes; what makes this a collector of prometheus_client's."""
        from prometheus_client import multiprocess

        collector: Any = multiprocess.MultiProcessCollector
        with self._lock:
            return list(collector(None, str(self._folder)).collect())

    def bury(self, pid: int) -> None:
        """The process has ended: keep what it counted, forget what only it could undo."""
        from prometheus_client import mmap_dict

        values: Any = mmap_dict.MmapedDict
        with self._lock:
            for name in glob.glob(f"*_{pid}.db", root_dir=self._folder):
                file = self._folder / name
                kind = name.partition("_")[0]
                if kind != "gauge":
                    kept = values(str(self._folder / f"{kind}_{_ENDED}.db"))
                    for key, value, _, _ in values.read_all_values_from_file(str(file)):
                        kept.write_value(key, kept.read_value(key)[0] + value, 0.0)
                    kept.close()
                file.unlink()


def _folder(home: Path, port: int, memory: Path) -> Path:
    """Made if need be, and nobody else's."""
    if not memory.is_dir():
        folder = home / "metrics" / f"front-{port}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    folder = memory / f"pressroom-{os.getuid()}-{name}-{port}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return Path(tempfile.mkdtemp(prefix="pressroom-", dir=memory))
        folder.chmod(0o700)
    return folder
