"""Whether the client of a request is still there: its connection, looked at without reading from it."""

import socket
from collections.abc import Callable, Mapping
from typing import Any

# Where the servers keep it: gunicorn, and werkzeug's for trials.
_PLACES = ("gunicorn.socket", "werkzeug.socket")


def is_gone(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """A look at the client's connection; where a server does not tell it, nobody is ever gone.

    A client that closes only its side for writing counts as gone: HTTP clients that wait do not."""
    connection = next((environ[place] for place in _PLACES if place in environ), None)
    if connection is None:
        return lambda: False

    def gone() -> bool:
        try:
            return bool(connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"")
        except BlockingIOError:
            return False
        except OSError:
            return True

    return gone
