"""The sockets of one call: connected to addresses that were checked, and all done by one moment.

httpcore asks its network backend for a connection to the host of the URL. This backend gives it one to
the checked addresses instead; TLS still asks for, and checks the certificate against, the host's name.
"""

import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore
from httpcore._backends.base import SOCKET_OPTION  # a type, published nowhere else

from pressroom.adapters.outgoing.addresses import Address


class Deadline:
    """The moment by which a call is over, whatever it is doing."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds that are left. Raises httpcore.TimeoutException when there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException("the call took too long")
        return left


class PinnedBackend(httpcore.NetworkBackend):
    """Connects to ``addresses`` alone, in their order, whatever host is asked for."""

    def __init__(
        self,
        addresses: Sequence[Address],
        deadline: Deadline,
        inner: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._inner = inner or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError("no address")
        for count, address in enumerate(self._addresses):
            # A dead address must leave time for the next one.
            share = self._deadline.left_s / (len(self._addresses) - count)
            try:
                stream = self._inner.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failed


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every step ends by the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left_s)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left_s)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left_s)
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
