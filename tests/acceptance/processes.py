"""Real processes under test: started, waited for by their log, killed by pid; their log when it fails."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
from tests.acceptance.starter import starter

T = TypeVar("T")


class Process:
    """A child in a session of its own. ``log`` is its stderr, line by line, as it comes."""

    def __init__(
        self, name: str, module: str, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path
    ) -> None:
        self.name = name
        self.log: list[str] = []
        self._changed = threading.Condition()
        heard, said = os.pipe()
        self._stderr = os.fdopen(heard)
        try:
            self._popen = starter().start(module, arguments, {**os.environ, **environment}, cwd, said)
        finally:
            os.close(said)
        self._reader = threading.Thread(target=self._read, name=f"log-{name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def wait_for_line(self, text: str, timeout_s: float = 30.0, *, count: int = 1) -> str:
        """The line (the ``count``-th) that holds ``text``. Fails with the log if it does not come."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                found = [line for line in self.log if text in line]
                if len(found) >= count:
                    return found[count - 1]
                ended = not self._reader.is_alive()
                if ended or not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    what = "ended without" if ended else f"said in {timeout_s} s nothing of"
                    raise AssertionError(f"{self.name} {what} {text!r}.\n{self.shown()}")

    def event(self, name: str, timeout_s: float = 30.0, *, count: int = 1) -> dict[str, Any]:
        """The fields of a JSON log line whose event is ``name``."""
        line = self.wait_for_line(f'"event": "{name}"', timeout_s, count=count)
        fields: dict[str, Any] = json.loads(line)
        return fields

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        self._signal(number)

    def kill(self) -> None:
        """SIGKILL to it and to all its children, and wait."""
        with suppress(psutil.NoSuchProcess):
            family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
        self._popen.wait(10)

    def exit_status(self, timeout_s: float = 30.0) -> int:
        """Waits for its end. Fails with the log if it does not come."""
        try:
            status = self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {timeout_s} s.\n{self.shown()}") from None
        self._reader.join(5)
        return status

    def shown(self, lines: int = 60) -> str:
        """The end of its log, for a failure's message."""
        return "\n".join([f"--- log of {self.name} (pid {self.pid})", *self.log[-lines:], "---"])

    def _signal(self, number: int) -> None:
        if self.running:
            os.kill(self.pid, number)

    def _read(self) -> None:
        for line in self._stderr:
            with self._changed:
                self.log.append(line.rstrip("\n"))
                self._changed.notify_all()
        self._stderr.close()
        with self._changed:
            self._changed.notify_all()


class Processes:
    """Starts processes with one environment, and ends all of them."""

    def __init__(self, environment: Mapping[str, str], cwd: Path) -> None:
        self.environment = dict(environment)
        self._cwd = cwd
        self._all: list[Process] = []

    def start(self, name: str, module: str, *arguments: str, **environment: str) -> Process:
        """``python -m module arguments`` with the settings named ``PRESSROOM_…`` in ``environment``."""
        settings = {f"PRESSROOM_{key.upper()}": value for key, value in environment.items()}
        process = Process(name, module, arguments, {**self.environment, **settings}, self._cwd)
        self._all.append(process)
        return process

    def worker(self, name: str = "worker", pool: str = "text", **environment: str) -> Process:
        """A worker that is ready to claim."""
        process = self.start(name, "pressroom.worker", "--pool", pool, **environment)
        process.event("worker_ready")
        return process

    def relay(self, name: str = "relay", **environment: str) -> Process:
        """A relay that sweeps."""
        process = self.start(name, "pressroom.relay", **environment)
        process.event("relay_ready")
        return process

    def named(self, name: str) -> Process:
        """The newest one of that name."""
        return [process for process in self._all if process.name == name][-1]

    def said(self) -> str:
        """All that all of them have logged."""
        return "\n".join(line for process in self._all for line in process.log)

    def tracebacks(self) -> list[str]:
        """Lines with one. Celery's word for a ticket that it was acknowledging when Redis went does not count: it has one
        whatever we do, and the ticket comes again."""
        lines = self.said().splitlines()
        return [line for line in lines if "Traceback" in line and "Couldn't ack" not in line]

    def kill_all(self) -> None:
        for process in self._all:
            process.kill()

    def shown(self) -> str:
        return "\n".join(process.shown() for process in self._all)


@contextmanager
def processes(environment: Mapping[str, str], cwd: Path) -> Iterator[Processes]:
    """All that was started is killed at the end; on a failure their logs are printed."""
    group = Processes(environment, cwd)
    try:
        yield group
    except BaseException:
        print(group.shown())  # noqa: T201 (pytest shows it with the failure)
        raise
    finally:
        group.kill_all()


def until(look: Callable[[], T], what: str, timeout_s: float = 30.0, every_s: float = 0.02) -> T:
    """What ``look`` gives, once it is true. For what another process does: there is no event to wait for."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {timeout_s} s: {what}")
        time.sleep(every_s)
    return found
