"""The asynchronous client: the same calls and errors as ``Client``, awaited."""

from pressroom.client.asynchronous.client import AsyncClient
from pressroom.client.asynchronous.courier import AsyncPace
from pressroom.client.asynchronous.feeds import AsyncFeeds

__all__ = ["AsyncClient", "AsyncFeeds", "AsyncPace"]
