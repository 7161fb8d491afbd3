"""``GuardedOutgoing``: the one way out to URLs that strangers name (the port ``Outgoing``).

Each call reads the URL, looks its name up once, checks every address, connects to one of those and to
nothing else, follows no redirect, sends no cookie, heeds no proxy of the environment, reads a bounded
answer and is over by a fixed time. What a name leads to a moment later cannot matter.
"""

import ssl
from collections.abc import Mapping
from contextlib import suppress

import certifi
import httpcore

from pressroom.adapters.outgoing.addresses import Address
from pressroom.adapters.outgoing.names import Names
from pressroom.adapters.outgoing.rules import Rules
from pressroom.adapters.outgoing.targets import Target, not_public, read_target
from pressroom.adapters.outgoing.wire import Deadline, PinnedBackend
from pressroom.domain.outgoing import AnswerBroken, CallFailed, ConnectFailed, Reply, TimedOut, TlsFailed

_LOOK_S = 3.0


class GuardedOutgoing:
    """Thread-safe; nothing is kept between two calls. ``timeout_s`` is for the whole of a call."""

    def __init__(
        self,
        rules: Rules,
        *,
        timeout_s: float = 10.0,
        names: Names | None = None,
        backend: httpcore.NetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._timeout_s = timeout_s
        self._names = names or Names()
        self._backend = backend
        self._tls = tls or _public_tls()

    def check(self, url: str, *, look_up: bool = True) -> str:
        target = read_target(url, self._rules)
        if look_up:
            # A name may not be there yet; each call asks again.
            with suppress(CallFailed):
                self._addresses(target, _LOOK_S)
        return target.url

    def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", most_bytes: int = 0
    ) -> Reply:
        deadline = Deadline(self._timeout_s)
        target = read_target(url, self._rules)
        addresses = self._addresses(target, self._timeout_s)
        backend = PinnedBackend(addresses, deadline, self._backend)
        with httpcore.ConnectionPool(self._tls, network_backend=backend, max_connections=1) as pool:
            try:
                return _exchange(pool, method, target, headers, body, most_bytes)
            except httpcore.TimeoutException:
                raise TimedOut("It did not answer in time.") from None
            except httpcore.ConnectError as error:
                raise _not_connected(error) from None
            except (httpcore.ProtocolError, httpcore.NetworkError):
                raise AnswerBroken("It ended the connection without a whole answer.") from None

    def _addresses(self, target: Target, timeout_s: float) -> tuple[Address, ...]:
        """Raises AddressNotPublic when only one of them may not be called."""
        if target.address is not None:
            found: tuple[Address, ...] = (target.address,)
        else:
            found = self._names.look_up(target.host, target.port, timeout_s)
        if not self._rules.allow_name(target.host) and not all(map(self._rules.allow_address, found)):
            raise not_public()
        return found


def _exchange(
    pool: httpcore.ConnectionPool,
    method: str,
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    most_bytes: int,
) -> Reply:
    host = target.url.partition("://")[2].partition("/")[0]
    sent = {"Host": host, "User-Agent": "Pressroom", "Connection": "close", **headers}
    with pool.stream(
        method,
        target.url,
        headers=[(name.encode(), value.encode()) for name, value in sent.items()],
        content=body,
    ) as response:
        read, whole = _read(response, most_bytes)
        answered = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
        }
        return Reply(response.status, answered, read, whole)


def _read(response: httpcore.Response, most_bytes: int) -> tuple[bytes, bool]:
    """Up to ``most_bytes`` of the body, and whether that was all of it."""
    if not most_bytes:
        return b"", False
    read = bytearray()
    for piece in response.iter_stream():
        read += piece
        if len(read) > most_bytes:
            return bytes(read[:most_bytes]), False
    return bytes(read), True


def _not_connected(error: httpcore.ConnectError) -> CallFailed:
    if isinstance(error.__cause__, ssl.SSLError) or isinstance(
        error.args[0] if error.args else None, ssl.SSLError
    ):
        return TlsFailed("Its TLS certificate is not good for this name, or it speaks no TLS.")
    return ConnectFailed("Nothing listens there.")


def _public_tls() -> ssl.SSLContext:
    """The certificates of the system and those of certifi: a small image may have no own ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
