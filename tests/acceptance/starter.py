"""Starts Pressroom's processes by forking a process that has done their imports already (``template``).

What comes of it is a process as any other: its own pid, session, signals, sockets and exit status. That a process
also starts from nothing is tested where the stack and Compose's commands are.
"""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.acceptance.template import MOST_BYTES

# It looks for its end only when it has imported everything, which a busy machine makes long.
_LAST_S = 60.0


class Forked:
    """A process that was forked; ``poll`` and ``wait`` are Popen's."""

    def __init__(self, starter: "Starter", pid: int) -> None:
        self.pid = pid
        self._starter = starter
        self._ends = os.pidfd_open(pid)  # nobody else has this pid before its status is asked for
        self._status: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """The exit status, or None while it runs; negative: the signal that ended it."""
        return self._look(0.0)

    def wait(self, timeout: float) -> int:
        """The exit status. Raises TimeoutExpired."""
        status = self._look(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return status

    def _look(self, timeout_s: float) -> int | None:
        with self._lock:
            if self._status is None:
                watch = select.poll()  # select() knows no descriptors above 1,023
                watch.register(self._ends, select.POLLIN)
                if watch.poll(timeout_s * 1000):
                    self._status = int(self._starter.ask({"wait": self.pid})["status"])
                    os.close(self._ends)
            return self._status


class Starter:
    """One template, asked by one thread at a time."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            bare = {name: value for name, value in os.environ.items() if not name.startswith("PRESSROOM_")}
            self._template = subprocess.Popen(
                [sys.executable, "-m", "tests.acceptance.template", str(theirs.fileno())],
                env={**bare, "OPENBLAS_NUM_THREADS": "1"},
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.close)

    def start(
        self, module: str, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, stderr: int
    ) -> Forked:
        """``python -m module arguments``, its stderr at that descriptor and its stdout nowhere."""
        request = {
            "module": module,
            "arguments": list(arguments),
            "environment": dict(environment),
            "cwd": str(cwd),
        }
        return Forked(self, self.ask(request, [stderr])["pid"])

    def ask(self, request: Mapping[str, Any], descriptors: Sequence[int] = ()) -> Any:
        """The template's answer. Raises RuntimeError when there is no template any more."""
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(request).encode()], list(descriptors))
            answer = self._socket.recv(MOST_BYTES)
        if not answer:
            raise RuntimeError(f"the template has ended with {self._template.wait(_LAST_S)}")
        return json.loads(answer)

    def close(self) -> None:
        self._socket.close()
        self._template.wait(_LAST_S)


@cache
def starter() -> Starter:
    """This process's own."""
    return Starter()
