"""Ends a stack's processes when the stack itself dies without a chance to: ``python -m pressroom.stack.watchdog``.

It holds the reading end of a pipe whose only writing end is the stack's. The kernel closes that end
with the stack, even on ``kill -9``, on Linux and on macOS alike, and no child has to know of it.
A stack that stops in order clears its records first, so that there is nothing left to do here.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pressroom.stack.records import Records, end


@dataclass(frozen=True, slots=True)
class Watchdog:
    """The running watchdog as the stack sees it. Closing ``pipe`` tells it that the stack has gone."""

    process: subprocess.Popen[bytes]
    pipe: int

    def close(self) -> None:
        """Let it go, after the records have been cleared."""
        os.close(self.pipe)
        self.process.wait()


def start(home: Path, records: Records) -> Watchdog:
    """Start a watchdog over the records of ``home``, outside the terminal's process group.

    It is recorded itself: the next stack ends a watchdog that is still at work before it starts its own
    processes, so that none of those is taken for a leftover."""
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "pressroom.stack.watchdog", str(home)],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    finally:
        os.close(reading)
    records.add("watchdog", process.pid, stage=-1, grace_s=0.0)
    return Watchdog(process, writing)


def main() -> None:
    """Wait for the end of standard input, then end whatever is recorded and still runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    records = Records(Path(sys.argv[1]))
    while os.read(sys.stdin.fileno(), 4096):
        pass
    end(record for record in records.live() if record.pid != os.getpid())


if __name__ == "__main__":
    main()
