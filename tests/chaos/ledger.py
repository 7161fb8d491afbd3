"""An own account of what clients were told: a file of lines, none of it from Pressroom's database.

A line is on disk before its writer goes on, so that the account survives whatever the test breaks.

    asked      a request is about to be sent: its number, key and what it asks for
    accepted   the front took it: the number, and the job's id
    refused    the front answered what it must not answer
    unsettled  no answer, and no key to ask again with: it may have been accepted
    cancel     a cancel was answered; ``ended`` says that the job had ended before
    erasing    an erasure is about to be asked for; erased: it was answered
    saw        a poll saw the job ended (or gone): its state, and a digest of all its outputs
    followed   a stream came to its end: what it said the state is, and the text it told
    stumbled   a stream broke its own rules
    delivered  a webhook message came: its id, its body, whether it was signed, and whether it was taken
"""

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Entry = dict[str, Any]


class Ledger:
    """Lines are written under a lock, in the order in which things happened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = path.open("ab")

    def write(self, what: str, **facts: Any) -> None:
        """Returns once the line is on disk."""
        line = json.dumps({"at": round(time.time(), 3), "what": what, **facts}, ensure_ascii=False) + "\n"
        with self._lock:
            self._file.write(line.encode())
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(path: Path) -> list[Entry]:
    """All lines; a last one that was cut off in the middle counts as never written.

    Raises ValueError for any other line that cannot be read."""
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]


def digest(outputs: Iterable[tuple[int, str]]) -> str:
    """One word for the outputs of a job, each given by its number and the SHA-256 of its bytes."""
    told = json.dumps(sorted(outputs))
    return hashlib.sha256(told.encode()).hexdigest()[:16]
