"""SIGTERM and SIGINT, as every long-running process of Pressroom answers them.

Before ``ready`` a signal ends the process at once, since nothing is held yet. After it the first one
is handed to the main thread, which stops in good order; a second one ends the process at once.
"""

import os
import signal
from queue import Empty, SimpleQueue
from types import FrameType

# A signal that the system hands to another thread is noted by it, but wakes nobody: the main thread looks this often.
_LOOK_S = 0.5


class StopSignals:
    """Install in the main thread, which then waits in ``wait``."""

    def __init__(self) -> None:
        # Its put may be called in a signal handler, which a Condition's methods may not.
        self._reasons: SimpleQueue[str] = SimpleQueue()
        self._ready = False
        self._told = False

    def install(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def ready(self) -> None:
        """From now on there is something to put in order before the end."""
        self._ready = True

    def ask(self, reason: str) -> None:
        """Stop for a reason of the process's own; callable from any thread."""
        self._reasons.put(reason)

    def wait(self) -> str:
        """Blocks until the process is to stop; the signal's name, or what ``ask`` was given."""
        while True:
            try:
                return self._reasons.get(timeout=_LOOK_S)
            except Empty:
                continue

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._ready:
            raise SystemExit(0)
        if self._told:
            os._exit(128 + number)
        self._told = True
        self._reasons.put(signal.Signals(number).name)
