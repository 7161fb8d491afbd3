"""A TCP proxy between Pressroom and a server: the network that a test may cut and slow down."""

import asyncio
import contextlib
import socket
import struct
import threading
import weakref
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_HOST = "127.0.0.1"
_PIECE = 16_384
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class _Slowness:
    delay_s: float
    bytes_per_s: int


class Proxy:
    """A ``Line`` from ``127.0.0.1:port`` to a server's address. Its methods may be called in any thread.

    All connections are served by one thread with an event loop. The port stays the proxy's while the
    line is cut, so that nobody else gets it."""

    def __init__(self, port: int, host: str = _HOST) -> None:
        self._server = (host, port)
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]
        # Not an asyncio.Server: what that has just accepted when it is closed, it leaves unclosed.
        self._listener: socket.socket | None = None
        self._accepted: set[socket.socket] = set()
        # Weak, and never left by hand: one that was closed lives on until its last bytes are taken.
        self._transports: weakref.WeakSet[asyncio.WriteTransport] = weakref.WeakSet()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slowness: _Slowness | None = None
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{port}", daemon=True)

    def start(self) -> None:
        """Take connections."""
        self._thread.start()
        self.heal()

    def cut(self) -> None:
        """Reset every open connection; new ones are refused until ``heal``."""
        self._do(self._cut())

    def slow(self, delay_s: float, bytes_per_s: int) -> None:
        """Hold up each piece that passes by ``delay_s`` and the time it takes at ``bytes_per_s``."""
        self._do(self._become(_Slowness(delay_s, bytes_per_s)))

    def heal(self) -> None:
        """Be a good line again: what was held up passes at once."""
        self._do(self._heal())

    def close(self) -> None:
        """Cut it for good. May be called twice."""
        if self._thread.is_alive():
            self._do(self._cut())
            self._do(self._rest())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()
        self._holder.close()

    def _do(self, wanted: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(wanted, self._loop).result(10)

    # -- in the loop's thread --------------------------------------------------------------------
    async def _heal(self) -> None:
        await self._become(None)
        if self._listener is None:
            listener = self._listener = _bound(self.port)
            listener.listen(512)
            listener.setblocking(False)
            self._loop.add_reader(listener, self._accept, listener)

    async def _cut(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for accepted in list(self._accepted):
            self._accepted.discard(accepted)
            accepted.close()
        for task in self._tasks:
            task.cancel()
        for transport in list(self._transports):
            _reset(transport)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _rest(self) -> None:
        """Wait until nothing is going on any more: connections that are only just made end too."""
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._cut()
            await asyncio.wait(others, timeout=0.05)
        # What was aborted last is told so, and closes its socket, in the turn after this one.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _become(self, slowness: _Slowness | None) -> None:
        self._slowness = slowness
        # Who waits looks again.
        self._changed.set()
        self._changed = asyncio.Event()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            accepted, _ = listener.accept()
            accepted.setblocking(False)
            self._accepted.add(accepted)
            task = self._loop.create_task(self._serve(accepted))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, accepted: socket.socket) -> None:
        if accepted not in self._accepted:
            return
        self._accepted.discard(accepted)
        reader, writer = await self._streams(accepted)
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await asyncio.open_connection(*self._server)
            self._transports.add(far.transport)
            # One side's end is the end of both: neither of the servers uses half a connection.
            pumps = [asyncio.ensure_future(self._pump(reader, far))]
            pumps.append(asyncio.ensure_future(self._pump(far_reader, writer)))
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            # The server is away: its client sees what it would see without a proxy.
            _reset(writer.transport)
        except asyncio.CancelledError:
            pass
        finally:
            for end in (writer, far):
                if end is not None:
                    end.close()

    async def _streams(self, accepted: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader = asyncio.StreamReader(loop=self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, accepted)
        self._transports.add(transport)
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE):
                await self._hold_up(len(piece))
                writer.write(piece)
                await writer.drain()

    async def _hold_up(self, size: int) -> None:
        if self._slowness is None:
            return
        pause_s = self._slowness.delay_s + size / self._slowness.bytes_per_s
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), pause_s)


def _reset(transport: asyncio.WriteTransport) -> None:
    """Close with RST, as a cut line's far end does at the next packet."""
    with contextlib.suppress(OSError):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


def _bound(port: int) -> socket.socket:
    """A socket at the port, which other such sockets may share as long as one at most listens."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((_HOST, port))
    return made
