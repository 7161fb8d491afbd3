"""Which server the command line speaks to, and as whom: flags, environment, a file of one's own.

The file is ``$XDG_CONFIG_HOME/pressroom/config.json`` (``~/.config`` where that is not set), readable
by its owner alone.
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from pressroom.cli.stops import Misuse, Stop
from pressroom.client import Client

DEFAULT_URL = "http://127.0.0.1:8017"


@dataclass(frozen=True, slots=True)
class Connection:
    """``url`` and ``api_key`` may be empty: not known."""

    url: str = ""
    api_key: str = ""

    def over(self, below: "Connection") -> "Connection":
        """What is known here, the rest from ``below``."""
        return Connection(self.url or below.url, self.api_key or below.api_key)

    def client(self) -> Client:
        """Raises Misuse without a key."""
        if not self.api_key:
            raise Misuse(
                "No API key is known. Make one on the server with `pressroom admin keys create`, then set "
                "PRESSROOM_API_KEY or save it with `pressroom config --api-key -`."
            )
        return Client(self.url or DEFAULT_URL, self.api_key)


def path() -> Path:
    """Where the file is, or would be."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    # The XDG specification has relative paths ignored.
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".config"
    return folder / "pressroom" / "config.json"


def environment() -> Connection:
    return Connection(os.environ.get("PRESSROOM_URL", ""), os.environ.get("PRESSROOM_API_KEY", ""))


def load() -> Connection:
    """The saved connection; an empty one without a file. Raises Misuse when the file cannot be read."""
    try:
        saved = json.loads(path().read_text(encoding="utf-8"))
        return Connection(str(saved.get("url", "")), str(saved.get("api_key", "")))
    except FileNotFoundError:
        return Connection()
    except (OSError, ValueError, AttributeError) as error:
        raise Misuse(f"{path()} cannot be read ({error}). Correct or remove it.") from error


def save(connection: Connection) -> Path:
    """Write the file, whole or not at all, mode 0600. Raises Stop."""
    target = path()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file with mode 0600 from the start.
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".config-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(connection), file, indent=2)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise Stop(
            f"{target} cannot be written ({error}). Set XDG_CONFIG_HOME to a folder of yours."
        ) from error
    return target
