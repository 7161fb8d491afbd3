"""What is broken now: a small JSON file that the test writes and the wrapped processes read."""

import json
import os
import threading
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

VARIABLE = "PRESSROOM_CHAOS_CONTROL"
_ROOT = Path(__file__).parents[2]
_LOOK_S = 0.05
_writing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Broken:
    """The state of what is wrapped; the default is that nothing is broken.

    ``wall_ms`` is added to the database's wall clock. ``files_full`` fills the artifact store's disk,
    ``sqlite_full`` the database's. ``mutation`` names the guard that a process goes without from its
    start on (see ``mutations``)."""

    wall_ms: int = 0
    files_full: bool = False
    sqlite_full: bool = False
    mutation: str = ""


class Control:
    """Reads the file again when it has changed, and looks for that every 50 ms at most.

    ``state`` is safe in any thread: two that read at once read the same."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = Broken()
        self._look_at = 0.0
        self._seen: tuple[int, int] | None = None

    @property
    def state(self) -> Broken:
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            self._look()
        return self._state

    def _look(self) -> None:
        try:
            told = self._path.stat()
        except FileNotFoundError:
            self._state, self._seen = Broken(), None
            return
        # Each write makes a new file, and so another inode or another time.
        seen = (told.st_ino, told.st_mtime_ns)
        if seen != self._seen:
            self._state, self._seen = read(self._path), seen


def read(path: Path) -> Broken:
    """What the file says; what it does not name is whole. A missing file breaks nothing."""
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Broken()
    known = {field.name for field in fields(Broken)}
    return Broken(**{name: value for name, value in said.items() if name in known})


def change(path: Path, **changes: Any) -> None:
    """Change some of what is broken. Returns once every wrapped process that asks will see it."""
    with _writing:
        changed = replace(read(path), **changes)
        beside = path.with_name(f".{path.name}.new")
        beside.write_text(json.dumps(asdict(changed)), encoding="utf-8")
        beside.rename(path)
    time.sleep(_LOOK_S)


def environment(path: Path) -> dict[str, str]:
    """What ``python -m tests.chaos.wrapped`` needs of its environment, wherever it starts."""
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {VARIABLE: str(path), "PYTHONPATH": os.pathsep.join(paths)}
