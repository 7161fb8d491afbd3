"""A way out for tests that call nobody: names lead to a public address, without a name server."""

import httpcore

from pressroom.adapters.outgoing import GuardedOutgoing, Rules
from pressroom.adapters.outgoing.names import Names

PUBLIC = "93.184.215.14"
PRIVATE_NAME = "inside.example.com"


def quiet_outgoing() -> GuardedOutgoing:
    """Every name is public, but ``PRIVATE_NAME``; every call is answered with 200."""
    answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]
    return GuardedOutgoing(Rules(), names=Names(_resolve), backend=httpcore.MockBackend(answer))


def _resolve(host: str, port: int) -> list[str]:
    return ["10.0.0.1"] if host == PRIVATE_NAME else [PUBLIC]
