"""One stack a home: an advisory lock that the kernel drops when the holder dies, however it dies."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from pressroom.stack.errors import AlreadyRunning


class HomeLock:
    """Holds ``<home>/stack.lock``; the file says who holds it and where its front listens.

    Raises AlreadyRunning on enter."""

    def __init__(self, home: Path, address: str) -> None:
        self._home = home
        self._path = home / "stack.lock"
        self._address = address
        self._fd: int | None = None

    def __enter__(self) -> Self:
        self._home.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, address = _holder(os.read(fd, 4096))
            os.close(fd)
            raise AlreadyRunning(str(self._home), pid, address) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps({"pid": os.getpid(), "address": self._address}).encode(), 0)
        self._fd = fd
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)  # which unlocks; the file stays, so that nobody locks an unlinked one
            self._fd = None


def _holder(content: bytes) -> tuple[int | None, str]:
    try:
        read = json.loads(content)
        return int(read["pid"]), str(read["address"])
    except (ValueError, KeyError, TypeError):
        return None, ""
