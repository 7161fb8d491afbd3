"""Children of the stack: started together, watched, restarted after a crash, stopped stage after stage.

One thread does all of it but the logs (``stack.logs``). Each child leads a process group and a session of
its own, so that Ctrl-C in the terminal reaches the stack alone, which then stops the children in order.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pressroom.domain.errors import Unavailable
from pressroom.stack.errors import ChildFailed
from pressroom.stack.logs import ChildLog
from pressroom.stack.records import Record, Records, end

_POLL_S = 0.05
_BACKOFF_MOST_S = 10.0
_LAST_WORDS_S = 0.5
LOG_BYTES = 10_000_000
LOG_KEEP = 3
EX_CONFIG = 78
"""Exit status (sysexits.h) of a child that cannot work as it is configured: it is not started again."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to run a child. ``ready`` is given its pid and answers at once whether it does its work, or did
    when it has just ended; a life shorter than ``least_life_s`` is no life, whatever that says.

    ``stage`` orders the stopping (lower ends first); ``grace_s`` is the time it has after SIGTERM."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[int], bool]
    stage: int = 0
    grace_s: float = 10.0
    ready_within_s: float = 120.0
    least_life_s: float = 0.0


@dataclass(slots=True)
class _Child:
    """``born`` and ``worked`` are of its present life; ``stillborn`` counts the lives without work since
    the last one with it."""

    spec: ChildSpec
    process: subprocess.Popen[bytes] | psutil.Process
    started: float
    born: float = field(init=False)
    worked: bool = False
    stillborn: int = 0
    ready_after_s: float | None = None
    crashes: list[float] = field(default_factory=list)
    restart_at: float | None = None

    def __post_init__(self) -> None:
        self.born = self.started

    def status(self) -> int | None:
        """The exit status, or None while it runs; -1 where only that it ended is known (adopted)."""
        if isinstance(self.process, subprocess.Popen):
            return self.process.poll()
        alive = self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE
        return None if alive else -1


class Children:
    """The set of children of one run. Not thread-safe: one thread starts, watches and stops.

    One that has worked is started again whenever it crashes, with pauses that grow while crashes come
    within ``crash_window_s``: a job may be to blame, and is found out by that. One that dies
    ``crash_limit`` times in a row before it works makes ``watch`` raise ChildFailed; at the very first
    start it has two tries."""

    def __init__(
        self,
        records: Records,
        logs: Path,
        *,
        crash_limit: int = 5,
        crash_window_s: float = 120.0,
        backoff_s: float = 0.5,
        log_bytes: int = LOG_BYTES,
        log_keep: int = LOG_KEEP,
        on_restart: Callable[[str, str], None] = lambda name, reason: None,
    ) -> None:
        self._records = records
        self._folder = logs
        self._logs: dict[str, ChildLog] = {}
        self._log_bytes = log_bytes
        self._log_keep = log_keep
        self._crash_limit = crash_limit
        self._crash_window_s = crash_window_s
        self._backoff_s = backoff_s
        self._on_restart = on_restart
        self._children: dict[str, _Child] = {}
        self._recorded: dict[str, Record] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, spec: ChildSpec) -> None:
        """Start a child without waiting for it."""
        process = self._spawn(spec)
        self._children[spec.name] = _Child(spec, process, time.monotonic())

    def adopt(self, spec: ChildSpec, pid: int) -> None:
        """Take over a process that an earlier stack has left behind and that works. What it prints is
        heard again from its next life on."""
        process = psutil.Process(pid)
        self._children[spec.name] = _Child(spec, process, time.monotonic())
        self._record(spec, pid)

    def await_ready(self, *, stop: Callable[[], bool] = lambda: False) -> bool:
        """Wait until every child is ready. False: ``stop`` said so first. Raises ChildFailed."""
        while not stop():
            waiting = [child for child in self._children.values() if child.ready_after_s is None]
            if not waiting:
                return True
            self._look_after_all()
            for child in waiting:
                age = time.monotonic() - child.started
                if child.restart_at is None and child.spec.ready(child.process.pid):
                    child.ready_after_s = age
                elif age > child.spec.ready_within_s:
                    raise self._failed(child, f"was not ready within {child.spec.ready_within_s:.0f} s")
            time.sleep(_POLL_S)
        return False

    def watch(self, *, stop: Callable[[], bool]) -> None:
        """Restart what crashes until ``stop`` says so. Raises ChildFailed."""
        while not stop():
            self._look_after_all()
            time.sleep(_POLL_S)

    def seconds_to_ready(self) -> dict[str, float]:
        """How long each child took from its start until it was ready."""
        return {name: child.ready_after_s or 0.0 for name, child in self._children.items()}

    def pids(self) -> dict[str, int]:
        """The pid of each child's first process."""
        return {name: child.process.pid for name, child in self._children.items()}

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> None:
        """Stop all, stage after stage, each with its grace time; none runs afterwards.

        ``hurry``, asked all the time, cuts the grace times short (a second Ctrl-C)."""
        for child in self._children.values():
            child.status()  # reaps, so that ended ones are not waited for
        end(self._recorded.values(), hurry=hurry, reap=self._reap)
        self._reap()  # those that ended after the last look
        for log in self._logs.values():
            log.close()

    # -- one child -----------------------------------------------------------------------------
    def _reap(self) -> None:
        for child in self._children.values():
            child.status()

    def _look_after_all(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.restart_at is not None:
                if now >= child.restart_at:
                    child.process = self._spawn(child.spec)
                    child.restart_at, child.born, child.worked = None, now, False
            elif (status := child.status()) is not None:
                self._crashed(child, status, now)
            elif not child.worked:
                child.worked = self._works(child, now)

    def _works(self, child: _Child, now: float) -> bool:
        if now - child.born < child.spec.least_life_s:
            return False
        try:
            return child.spec.ready(child.process.pid)
        except Unavailable:
            return False  # nobody can tell; it may be asked again

    def _crashed(self, child: _Child, status: int, now: float) -> None:
        self._end_group(child)
        reason = _told(status)
        child.crashes = [at for at in child.crashes if now - at < self._crash_window_s] + [now]
        # A life may be over before anybody looked.
        child.stillborn = 0 if child.worked or self._works(child, now) else child.stillborn + 1
        limit = self._crash_limit if child.ready_after_s is not None else min(2, self._crash_limit)
        if status == EX_CONFIG or child.stillborn >= limit:
            raise self._failed(child, reason)
        child.restart_at = now + min(_BACKOFF_MOST_S, self._backoff_s * 2 ** (len(child.crashes) - 1))
        self._on_restart(child.spec.name, reason)

    def _end_group(self, child: _Child) -> None:
        # What it had started itself (a server's workers) must not work on beside its successor.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)

    def _spawn(self, spec: ChildSpec) -> subprocess.Popen[bytes]:
        with self._log(spec.name).open() as heard:
            process = subprocess.Popen(
                list(spec.command),
                env=dict(spec.env),
                stdin=subprocess.DEVNULL,
                stdout=heard.fileno(),
                stderr=heard.fileno(),
                start_new_session=True,
            )
        self._record(spec, process.pid)
        return process

    def _record(self, spec: ChildSpec, pid: int) -> None:
        self._recorded[spec.name] = self._records.add(spec.name, pid, stage=spec.stage, grace_s=spec.grace_s)

    # -- its log -------------------------------------------------------------------------------
    def _log(self, name: str) -> ChildLog:
        if name not in self._logs:
            path = self._folder / f"{name}.log"
            self._logs[name] = ChildLog(path, turn_bytes=self._log_bytes, keep=self._log_keep)
        return self._logs[name]

    def _failed(self, child: _Child, reason: str) -> ChildFailed:
        log = self._log(child.spec.name)
        log.settle(_LAST_WORDS_S)
        return ChildFailed(child.spec.name, reason, str(log.path), log.last_lines())


def _told(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return "ended"
