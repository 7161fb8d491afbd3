"""The asynchronous client: the same calls and errors as ``Client``, awaited."""

from pressroom.client.asynchronous.client import AsyncClient
from pressroom.client.asynchronous.courier import AsyncPace

__all__ = ["AsyncClient", "AsyncPace"]
