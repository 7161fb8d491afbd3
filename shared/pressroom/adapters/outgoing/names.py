"""Names looked up with a time limit: the system's resolver knows none, so it works in threads that are
left alone when it takes too long."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable

from pressroom.adapters.outgoing.addresses import Address
from pressroom.domain.outgoing import NameUnknown, TimedOut

Resolver = Callable[[str, int], list[str]]
"""The addresses of a host, in the order in which they are to be tried. Raises OSError."""


def system_resolver(host: str, port: int) -> list[str]:
    """What the operating system says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Names:
    """Looks names up. At most ``most`` look-ups are under way; a further one waits its time out."""

    def __init__(self, resolver: Resolver = system_resolver, *, most: int = 64) -> None:
        self._resolver = resolver
        self._room = threading.BoundedSemaphore(most)

    def look_up(self, host: str, port: int, timeout_s: float) -> tuple[Address, ...]:
        """Each address once. Raises NameUnknown, TimedOut."""
        answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()
        if not self._room.acquire(timeout=timeout_s):
            raise TimedOut("Too many names are being looked up.")
        threading.Thread(target=self._ask, args=(host, port, answers), name="look-up", daemon=True).start()
        try:
            answer = answers.get(timeout=timeout_s)
        except queue.Empty:
            raise TimedOut("The name was not found in time.") from None
        if isinstance(answer, Exception) or not answer:
            raise NameUnknown("There is no such name.")
        try:
            return tuple(dict.fromkeys(map(ipaddress.ip_address, answer)))
        except ValueError:
            raise NameUnknown("The name leads to no address.") from None

    def _ask(self, host: str, port: int, answers: "queue.SimpleQueue[list[str] | Exception]") -> None:
        try:
            answers.put(self._resolver(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)
        finally:
            self._room.release()
