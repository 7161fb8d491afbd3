"""Which processes a stack has started: a file that outlives it, so that none is left behind.

A process is named by its pid and its birth, since pids are used again. Birth is the boot's id and
the clock tick of the start on Linux, which no step of the wall clock moves; elsewhere the start time.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import psutil

_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Record:
    """One started process, the leader of its own process group. ``stage`` orders the stopping: lower
    stages end first."""

    name: str
    pid: int
    birth: str
    stage: int
    grace_s: float

    def process(self) -> psutil.Process | None:
        """The process, or None when it has ended."""
        try:
            process = psutil.Process(self.pid)
            same = _birth(self.pid) == self.birth
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (psutil.NoSuchProcess, OSError):
            return None


class Records:
    """Lines in ``<home>/stack.pids``, written before a process is waited for."""

    def __init__(self, home: Path) -> None:
        self._path = home / "stack.pids"

    def add(self, name: str, pid: int, *, stage: int, grace_s: float) -> Record:
        """Write down a process that has just been started."""
        record = Record(name, pid, _birth_or_gone(pid), stage, grace_s)
        with self._path.open("a") as file:
            file.write(json.dumps(astuple(record)) + "\n")
        return record

    def live(self) -> list[Record]:
        """Every recorded process that still runs. A torn line is passed over."""
        return [record for record in self._read() if record.process() is not None]

    def clear(self) -> None:
        """Forget all: none of them runs."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> Iterator[Record]:
        if not self._path.exists():
            return
        for line in self._path.read_text().splitlines():
            with contextlib.suppress(ValueError, TypeError):
                yield Record(*json.loads(line))


def end(
    records: Iterable[Record],
    *,
    hurry: Callable[[], bool] = lambda: False,
    reap: Callable[[], None] = lambda: None,
) -> None:
    """End process groups, stage after stage: SIGTERM, then SIGKILL after each one's grace time, or as
    soon as ``hurry`` answers True. Returns when none of them runs.

    ``reap`` is called between looks, where the records are of one's own children."""
    left = list(records)
    for stage in sorted({record.stage for record in left}):
        _end_stage([record for record in left if record.stage == stage], hurry, reap)


def _end_stage(records: list[Record], hurry: Callable[[], bool], reap: Callable[[], None]) -> None:
    begun = time.monotonic()
    records = [record for record in records if record.process() is not None]
    for record in records:
        _signal(record, signal.SIGTERM)
    every = list(records)
    while records:
        reap()
        records = [record for record in records if record.process() is not None]
        for record in records:
            if hurry() or time.monotonic() - begun >= record.grace_s:
                _signal(record, signal.SIGKILL)
        time.sleep(_POLL_S if records else 0)
    for record in every:  # what a leader has left of its group
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(record.pid, signal.SIGKILL)


def _signal(record: Record, which: signal.Signals) -> None:
    if record.process() is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(record.pid, which)


def _birth(pid: int) -> str:
    if not sys.platform.startswith("linux"):
        return repr(psutil.Process(pid).create_time())
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}:{after_name[19]}"


def _birth_or_gone(pid: int) -> str:
    try:
        return _birth(pid)
    except (psutil.NoSuchProcess, OSError):
        return "gone"
