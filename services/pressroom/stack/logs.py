"""What the children of a stack print: read by the stack, written to one file a child, turned by size.

    child, and what it starts ──socket──> reader thread ──whole lines──> <name>.log, .log.1, .log.2 …

The stack alone holds the files, so a turn needs no word with any process, and no line is lost between
two files. It is a stream socket and no pipe: a pipe mixes lines of more than 4 KiB that several
processes write at a time, while the kernel takes one of some tens of KiB into a socket as a whole.
"""

import contextlib
import logging
import socket
import threading
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

_READ_BYTES = 65_536
# A line without an end must not fill the stack's memory.
_LONGEST_BYTES = 1_000_000
_LAST_LINES = 20


class ChildLog:
    """The log of one child over all its lives. ``open``, ``settle`` and ``close`` are the stack's
    thread's; the lines are written by readers, which never raise: what a full disk does not take is
    dropped and counted in a line of its own, once there is room again."""

    def __init__(self, path: Path, *, turn_bytes: int, keep: int) -> None:
        """A file is turned before it would grow beyond ``turn_bytes``; ``keep`` older ones stay."""
        self.path = path
        self._file = _Turned(path, turn_bytes, keep)
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._readers: list[threading.Thread] = []

    def open(self) -> socket.socket:
        """Where a new life is to print. The caller closes it once the child has it."""
        self._readers = [reader for reader in self._readers if reader.is_alive()]
        ours, childs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.shutdown(socket.SHUT_WR)
        reader = threading.Thread(
            target=self._read, args=(ours,), name=f"log of {self.path.stem}", daemon=True
        )
        reader.start()
        self._readers.append(reader)
        return childs

    def settle(self, timeout_s: float) -> None:
        """Wait until all is written that ended lives have printed. Who still prints is not waited for
        any longer than that."""
        for reader in self._readers:
            reader.join(timeout_s)

    def last_lines(self) -> str:
        """The last lines since this object was made; bytes that are no UTF-8 are replaced."""
        return "\n".join(list(self._last)).encode(errors="surrogateescape").decode(errors="replace")

    def close(self, timeout_s: float = 1.0) -> None:
        """All has ended that printed here."""
        self.settle(timeout_s)
        if not any(reader.is_alive() for reader in self._readers):
            self._file.close()

    def _read(self, source: socket.socket) -> None:
        rest = b""
        with source, contextlib.suppress(ConnectionError):
            while piece := source.recv(_READ_BYTES):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._write(line)
                if len(rest) > _LONGEST_BYTES:
                    self._write(rest)
                    rest = b""
        if rest:
            self._write(rest)

    def _write(self, line: bytes) -> None:
        text = line.decode(errors="surrogateescape")
        self._last.append(text)
        self._file.write(text)


class _Turned(RotatingFileHandler):
    """The library's handler, for bare lines. Thread-safe. A disk that takes nothing does not stop it."""

    def __init__(self, path: Path, turn_bytes: int, keep: int) -> None:
        super().__init__(
            path,
            maxBytes=turn_bytes,
            backupCount=keep,
            encoding="utf-8",
            errors="surrogateescape",
            delay=True,
        )
        self._failed = False
        self._dropped = 0

    def write(self, line: str) -> None:
        with self.lock or contextlib.nullcontext():
            # The last one may have been written in part: the notice begins a line of its own.
            if self._dropped and self._put(f"\n-- {self._dropped} lines found no room here --"):
                self._dropped = 0
            if not self._put(line):
                self._dropped += 1

    def _put(self, line: str) -> bool:
        self._failed = False
        self.emit(logging.makeLogRecord({"msg": line}))
        return not self._failed

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the library's name)
        """Called by the library. The file is let go, and opened anew for the next line."""
        self._failed = True
        stream: TextIO | None = self.stream
        self.stream = None  # as the library itself does between two files
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.close()
