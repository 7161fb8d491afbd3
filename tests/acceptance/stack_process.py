"""``python -m pressroom.stack up`` as a process under test, with the fake engine in a home of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from tests.acceptance.processes import until

FAST = {
    "PRESSROOM_ENGINE": "fake",
    "PRESSROOM_FAKE_STEP_S": "0.002",
    "PRESSROOM_FRONT_PROCESSES": "1",
    "PRESSROOM_LEASE_S": "2",
    "PRESSROOM_WORKER_SEEN_S": "5",
    "PRESSROOM_DRAIN_S": "10",
    "PRESSROOM_PORT": "0",
}


def environment(home: Path, **changes: str) -> dict[str, str]:
    """The test's environment without what would reach outside, and the settings of a fast stack."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PRESSROOM_")}
    bare.pop("REDIS_URL", None)
    settings = {f"PRESSROOM_{name.upper()}": value for name, value in changes.items()}
    return {**bare, **FAST, "PRESSROOM_HOME": str(home), **settings}


class StackProcess:
    """One start of a stack. What it prints goes to a file of its own."""

    def __init__(self, home: Path, env: Mapping[str, str], number: int) -> None:
        self.home = home
        self._said = home.parent / f"{home.name}-{number}.said"
        with self._said.open("wb") as out:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "pressroom.stack", "up"],
                env=dict(env),
                cwd=home.parent,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def said(self) -> str:
        return self._said.read_text()

    def ready(self, timeout_s: float = 60.0) -> "StackProcess":
        """Itself, once it has said where it runs."""

        def told() -> bool:
            assert self._popen.poll() is None, f"it ended with {self._popen.returncode}:\n{self.shown()}"
            return "Ctrl-C stops it." in self.said

        until(told, "the stack is ready", timeout_s)
        return self

    @property
    def address(self) -> str:
        return self._after("Pressroom runs at ")

    @property
    def key(self) -> str:
        """The first start's key."""
        return self._after("API key  ")

    def children(self) -> dict[str, psutil.Process]:
        """The processes that it has recorded and that run, by name."""
        lines = (self.home / "stack.pids").read_text().splitlines()
        found = {}
        for name, pid, *_ in map(json.loads, lines):
            with suppress(psutil.NoSuchProcess):
                found[str(name)] = psutil.Process(pid)
        return found

    def family(self) -> list[psutil.Process]:
        """All children and what they have started."""
        family = []
        for child in self.children().values():
            with suppress(psutil.NoSuchProcess):
                family += [child, *child.children(recursive=True)]
        return family

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to the stack alone."""
        self._popen.kill()
        self._popen.wait(10)

    def exit_status(self, timeout_s: float = 60.0) -> int:
        return self._popen.wait(timeout_s)

    def stop(self) -> int:
        self.signal(signal.SIGINT)
        return self.exit_status()

    def clean(self) -> None:
        """Whatever the test has done, nothing is left."""
        family = self.family() if (self.home / "stack.pids").exists() else []
        if self._popen.poll() is None:
            self.kill()
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()

    def shown(self) -> str:
        """What it said, and the end of each log."""
        logs = [f"--- {log.name}\n{log.read_text()[-2000:]}" for log in (self.home / "logs").glob("*.log")]
        return "\n".join([self.said, *logs])

    def _after(self, mark: str) -> str:
        return next(line for line in self.said.splitlines() if mark in line).partition(mark)[2].strip()


class Stacks:
    """Starts stacks in one home, one after another or at once."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._all: list[StackProcess] = []

    def start(self, **changes: str) -> StackProcess:
        process = StackProcess(self.home, environment(self.home, **changes), len(self._all))
        self._all.append(process)
        return process

    def up(self, **changes: str) -> StackProcess:
        return self.start(**changes).ready()

    def clean(self) -> None:
        for process in self._all:
            process.clean()

    def shown(self) -> str:
        return "\n".join(process.shown() for process in self._all)


@contextmanager
def stacks(home: Path) -> Iterator[Stacks]:
    """All that was started is killed at the end; on a failure it is told what they said."""
    group = Stacks(home)
    try:
        yield group
    except BaseException:
        print(group.shown())  # noqa: T201 (pytest shows it with the failure)
        raise
    finally:
        group.clean()


def gone(process: psutil.Process) -> bool:
    """It has ended, reaped or not."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
