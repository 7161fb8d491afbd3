"""The asynchronous client as if it blocked, so that one suite of tests runs over both.

    with blocking(lambda: AsyncClient(url, key)) as client:
        client.feeds.get(feed_id)

Each call is run to its end in a loop of its own thread; what would be iterated with ``async for`` is iterated as it comes.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from tests.support.mini_stack import MiniStack

from pressroom.client import AsyncClient, Client

Opened = Callable[[MiniStack], AbstractContextManager[Client]]
"""Opens a client at a Pressroom."""

_PATIENCE_S = 60
_END = object()


@contextmanager
def blocking(make: Callable[[], AsyncClient]) -> Iterator[Client]:
    """``make`` is called in the loop; the client is closed at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="awaited")
    thread.start()

    async def made() -> AsyncClient:
        return make()

    try:
        client = _done(asyncio.run_coroutine_threadsafe(made(), loop))
        try:
            yield cast(Client, _Blocking(client, loop))
        finally:
            _done(asyncio.run_coroutine_threadsafe(client.close(), loop))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Blocking:
    def __init__(self, inner: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not callable(value):
            # `client.feeds` and its like; a plain value stays what it is.
            return _Blocking(value, self._loop) if type(value).__module__.startswith("pressroom.") else value

        def call(*arguments: Any, **options: Any) -> Any:
            made = value(*arguments, **options)
            if isinstance(made, AsyncIterator):
                return self._each(made)
            return _done(asyncio.run_coroutine_threadsafe(made, self._loop))

        return call

    def _each(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        async def following() -> Any:
            return await anext(items, _END)

        while (item := _done(asyncio.run_coroutine_threadsafe(following(), self._loop))) is not _END:
            yield item


def _done(future: Future[Any]) -> Any:
    return future.result(_PATIENCE_S)
