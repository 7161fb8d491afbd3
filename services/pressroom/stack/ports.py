"""The port of the front: free, or a clear error before anything starts; and what the front says of itself."""

import errno
import http.client
import socket

from pressroom.stack.errors import PortTaken


def check_free(host: str, port: int) -> None:
    """Raises PortTaken when the front could not listen there."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As a server does: what is left of closed connections does not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "the port is taken" if taken else str(error.strerror or error)
        raise PortTaken(host, port, reason) from None


def free_port(host: str) -> int:
    """A port that nobody listens on now."""
    family, _, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind(address)
        return int(probe.getsockname()[1])


def reachable(host: str) -> str:
    """The host as one's own machine reaches a server that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)


def address(host: str, port: int) -> str:
    """The front's URL, as one's own machine reaches it."""
    name = reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def front_ready(host: str, port: int, timeout_s: float = 2.0) -> bool:
    """Whether ``GET /readyz`` answers 200."""
    link = http.client.HTTPConnection(reachable(host), port, timeout=timeout_s)
    try:
        link.request("GET", "/readyz")
        return link.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()
