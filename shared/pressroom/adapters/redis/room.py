"""How much of its memory Redis has used: little room is said before what is written finds none."""

import threading
from dataclasses import dataclass

from pressroom.adapters.redis.connection import connect, unavailable

_LOW, _ENOUGH = 0.9, 0.8


@dataclass(frozen=True, slots=True)
class Fill:
    """Bytes in use, and the most that it may use (``maxmemory``); 0: nobody has said."""

    used: int
    most: int


class RedisRoom:
    """Looks at a server. When it is full, events and copies are no more written there, and come from the
    database: nothing has to be refused for it, but followers are served later. Thread-safe."""

    def __init__(self, url: str) -> None:
        self._client = connect(url)
        self._url = url
        self._lock = threading.Lock()
        self._low = False

    def fill(self) -> Fill:
        """Raises RedisUnavailable."""
        with unavailable(self._url):
            told = self._client.info("memory")
        return Fill(int(told["used_memory"]), int(told.get("maxmemory", 0)))

    def low(self, fill: Fill) -> bool:
        """Whether it is above nine tenths, or not below eight tenths again."""
        with self._lock:
            mark = _ENOUGH if self._low else _LOW
            self._low = fill.most > 0 and fill.used >= mark * fill.most
            return self._low
