"""Tickets through Celery: cheap, bounded in time and in number."""

import threading
from time import monotonic
from typing import Any

from kombu.exceptions import KombuError

from pressroom.adapters.celery.app import TURN, make_celery, ticket_queue
from pressroom.adapters.redis import keys
from pressroom.adapters.redis.connection import connect, shown, unavailable
from pressroom.domain.errors import RedisUnavailable

_TIMEOUT_S = 0.5
_ENOUGH = 256
# How long a count of the waiting tickets is trusted.
_COUNT_S = 0.25


class CeleryTickets:
    """Implements ``Tickets``. Safe for many threads; a call takes at most about a second."""

    def __init__(self, redis_url: str, *, timeout_s: float = _TIMEOUT_S, enough: int = _ENOUGH) -> None:
        """``enough``: with so many tickets waiting in a pool, more would wake nobody and are not sent."""
        self._url = redis_url
        self._enough = enough
        self._app = make_celery(redis_url, timeout_s=timeout_s)
        self._client: Any = connect(redis_url, timeout_s=timeout_s)
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[float, int]] = {}

    def send(self, pool: str, count: int = 1) -> None:
        """Send up to ``count`` tickets. Raises RedisUnavailable."""
        room = self._room(pool, count)
        if room <= 0:
            return
        queue = ticket_queue(pool)
        try:
            with self._app.producer_pool.acquire(block=True, timeout=_TIMEOUT_S) as producer:
                for _ in range(room):
                    self._app.send_task(TURN, queue=queue, producer=producer, retry=False)
        except (KombuError, OSError) as error:
            # Among them LimitExceeded: so many threads send at once that none of the connections came
            # free in time.
            raise RedisUnavailable(
                f"No ticket could be sent through Redis at {shown(self._url)} ({error}). "
                "Workers look for jobs by themselves until it is back.",
                retry_after_s=1.0,
            ) from error

    def _room(self, pool: str, count: int) -> int:
        """How many of ``count`` may be sent, which are then counted in.

        A count is good for a moment: it only guards against a pool that nobody serves."""
        with self._lock:
            counted_at, waiting = self._counts.get(pool, (float("-inf"), 0))
        if monotonic() - counted_at > _COUNT_S:
            counted_at, waiting = monotonic(), self.pending(pool)
        room = max(min(count, self._enough - waiting), 0)
        with self._lock:
            self._counts[pool] = (counted_at, waiting + room)
        return room

    def pending(self, pool: str) -> int:
        """Tickets that nobody has taken. Raises RedisUnavailable."""
        with unavailable(self._url):
            return int(self._client.llen(keys.tickets(pool)))

    def close(self) -> None:
        self._app.close()
        self._client.close()
