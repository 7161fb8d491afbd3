"""Tickets through Celery: cheap, bounded in time and in number."""

from typing import Any

from kombu.exceptions import OperationalError

from pressroom.adapters.celery.app import TURN, make_celery, ticket_queue
from pressroom.adapters.redis import keys
from pressroom.adapters.redis.connection import connect, shown, unavailable
from pressroom.domain.errors import RedisUnavailable

_TIMEOUT_S = 0.5
_ENOUGH = 256


class CeleryTickets:
    """Implements ``Tickets``. Safe for many threads; a call takes at most about a second."""

    def __init__(self, redis_url: str, *, timeout_s: float = _TIMEOUT_S, enough: int = _ENOUGH) -> None:
        """``enough``: with so many tickets waiting in a pool, more would wake nobody and are not sent."""
        self._url = redis_url
        self._enough = enough
        self._app = make_celery(redis_url, timeout_s=timeout_s)
        self._client: Any = connect(redis_url, timeout_s=timeout_s)

    def send(self, pool: str, count: int = 1) -> None:
        """Send up to ``count`` tickets. Raises RedisUnavailable."""
        room = min(count, self._enough - self.pending(pool))
        if room <= 0:
            return
        queue = ticket_queue(pool)
        try:
            with self._app.producer_pool.acquire(block=True, timeout=_TIMEOUT_S) as producer:
                for _ in range(room):
                    self._app.send_task(TURN, queue=queue, producer=producer, retry=False)
        except (OperationalError, OSError) as error:
            raise RedisUnavailable(
                f"No ticket could be sent through Redis at {shown(self._url)} ({error}). "
                "Workers look for jobs by themselves until it is back.",
                retry_after_s=1.0,
            ) from error

    def pending(self, pool: str) -> int:
        """Tickets that nobody has taken. Raises RedisUnavailable."""
        with unavailable(self._url):
            return int(self._client.llen(keys.tickets(pool)))

    def close(self) -> None:
        self._app.close()
        self._client.close()
