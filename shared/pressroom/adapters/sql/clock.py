"""What time it is, by the database's clock, so that every process agrees.

PostgreSQL: the server's ``clock_timestamp()`` for everything (``now()`` stands still within a
transaction). SQLite: this host's wall clock for the times that people read, and for leases the time
since boot, which no operator or time server sets; a boot id says which boot it counts from, and a
lease of another boot has run out: the process that held it is gone.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from pressroom.domain.times import wall_ms

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SERVER_CLOCK = "server"
_SERVER_NOW = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)")


@dataclass(frozen=True, slots=True)
class Now:
    """``wall`` in milliseconds since the epoch; ``lease`` in milliseconds of the clock ``lease_clock``."""

    wall: int
    lease: int
    lease_clock: str


Clock = Callable[[Connection], Now]


def server_clock(connection: Connection) -> Now:
    """PostgreSQL's clock; one round trip."""
    now = int(connection.scalar(_SERVER_NOW) or 0)
    return Now(now, now, _SERVER_CLOCK)


class HostClock:
    """The clock of a SQLite database: all its processes run on one host."""

    def __init__(self) -> None:
        self._boot = boot_id()

    def __call__(self, connection: Connection) -> Now:
        return Now(wall_ms(), int(boot_seconds() * 1000), self._boot)


def boot_seconds() -> float:
    """Seconds since boot, sleep included where the system tells (else ``time.monotonic``)."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def boot_id() -> str:
    """What names this boot of the host: Linux's boot id, macOS's boot session, else one word for all boots.

    With the last, a lease of an earlier boot may look valid for as long as the host was up then.
    """
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        pass
    try:
        asked = subprocess.run(
            ["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, timeout=5, check=True
        )
        return asked.stdout.strip()[:64] or "boot"
    except (OSError, subprocess.SubprocessError):
        return "boot"
