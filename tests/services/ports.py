"""Free ports of 127.0.0.1, for servers that are started later, by one of several test processes.

They lie below those that the system gives to outgoing connections, so that between the choice and the
start nobody takes one by accident; two test processes choose at random among 20,000.
"""

import secrets
import socket

_OWN = range(12_000, 32_000)
_TRIES = 100


def free_port() -> int:
    """A port that nobody listens on now. Raises OSError if every one that was tried is taken."""
    for _ in range(_TRIES):
        port = secrets.choice(_OWN)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError(f"none of {_TRIES} ports from {_OWN.start} to {_OWN.stop - 1} is free")
