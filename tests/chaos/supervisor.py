"""Keeps a stage's processes alive, as the stack does: one that dies is started again under its name."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.acceptance.processes import Process, until

_PAUSE_S = 0.3
_READY_S = 60.0
_KILLED = -9  # by a fault


@dataclass(frozen=True, slots=True)
class Exit:
    """A process that ended by itself and was not told to."""

    name: str
    status: int
    log: str


class _Keeper:
    """One name, one process at a time."""

    def __init__(self, name: str, role: str, start: Callable[[], Process], ready: str) -> None:
        self.name = name
        self.role = role
        self.process: Process | None = None
        self.ready = False
        self.exits: list[Exit] = []
        self._start = start
        self._ready = ready
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"keeper-{name}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join(10)
        if self.process is not None:
            self.process.kill()

    def _run(self) -> None:
        while not self._ended.is_set():
            process = self.process = self._start()
            with suppress(AssertionError):
                process.wait_for_line(f'"event": "{self._ready}"', _READY_S)
                self.ready = True
            while process.running and not self._ended.wait(0.05):
                pass
            self.ready = False
            if self._ended.is_set():
                return
            status = process.exit_status()
            if status != _KILLED:
                self.exits.append(Exit(self.name, status, process.shown(12)))
            self._ended.wait(_PAUSE_S)


class Supervisor:
    """``keep`` adds a process; ``alive`` gives those of a role that are ready."""

    def __init__(self) -> None:
        self._keepers: list[_Keeper] = []

    def keep(self, name: str, role: str, start: Callable[[], Process], ready: str) -> None:
        """``ready`` is the event that its log tells when it works."""
        self._keepers.append(_Keeper(name, role, start, ready))

    def alive(self, role: str) -> list[Process]:
        return [
            keeper.process
            for keeper in self._keepers
            if keeper.role == role and keeper.ready and keeper.process is not None and keeper.process.running
        ]

    def renewed(self, dead: Process, timeout_s: float = 60.0) -> Process:
        """Waits until another process under the name of ``dead`` is ready, and gives it."""
        (keeper,) = [keeper for keeper in self._keepers if keeper.name == dead.name]

        def look() -> Process | None:
            process = keeper.process
            return process if keeper.ready and process is not dead else None

        return until(look, f"{dead.name} runs again", timeout_s)  # type: ignore[return-value]

    def all_ready(self, timeout_s: float = 60.0) -> None:
        """Waits until every process is ready. Fails with their logs."""
        try:
            until(lambda: all(keeper.ready for keeper in self._keepers), "all run", timeout_s)
        except AssertionError as error:
            shown = [k.process.shown() for k in self._keepers if not k.ready and k.process is not None]
            raise AssertionError("\n".join([str(error), *shown])) from None

    @property
    def exits(self) -> list[Exit]:
        """What ended by itself: in a good run only what a prompt ordered to crash."""
        return [found for keeper in self._keepers for found in keeper.exits]

    def close(self) -> None:
        ending = [threading.Thread(target=keeper.end) for keeper in self._keepers]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join(30)


def wait_while_alive(process: Process, seconds: float) -> None:
    """Let ``seconds`` pass, or less if the process dies."""
    deadline = time.monotonic() + seconds
    while process.running and time.monotonic() < deadline:
        time.sleep(0.05)
