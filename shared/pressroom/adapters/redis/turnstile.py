"""``Turnstile`` over ``limits``, whose moving window is exact: in Redis, and while that is away in this process."""

import time

from limits.errors import StorageError
from limits.limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from pressroom.adapters.redis.connection import connect, unix_form
from pressroom.adapters.redis.keys import TURNSTILE
from pressroom.jobs.turnstile import Passage
from pressroom.telemetry import get_logger

# After a failure Redis is left alone for so long: requests must not each wait for it.
_REST_S = 5.0


class MemoryTurnstile:
    """Counts for one process. Thread-safe."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def go(self, key_id: str, most: int) -> Passage:
        return _go(self._limiter, key_id, most)


class RedisTurnstile:
    """Counts for all fronts. While Redis is away each counts alone, so that a key may have as many times its
    bound as there are fronts. Thread-safe."""

    def __init__(self, url: str, *, timeout_s: float = 0.5) -> None:
        """Nothing is sent yet. ``timeout_s`` bounds every call."""
        client = connect(url, timeout_s=timeout_s)
        storage = RedisStorage(
            unix_form(url), client.connection_pool, key_prefix=TURNSTILE, wrap_exceptions=True
        )
        self._limiter = MovingWindowRateLimiter(storage)
        self._alone = MemoryTurnstile()
        self._rests_until = 0.0

    def go(self, key_id: str, most: int) -> Passage:
        if time.monotonic() >= self._rests_until:
            try:
                return _go(self._limiter, key_id, most)
            except StorageError as error:
                self._rests_until = time.monotonic() + _REST_S
                get_logger(__name__).warning("requests_counted_alone", reason=str(error.storage_error))
        return self._alone.go(key_id, most)


def _go(limiter: MovingWindowRateLimiter, key_id: str, most: int) -> Passage:
    item = RateLimitItemPerMinute(most)
    passed = limiter.hit(item, key_id)
    stats = limiter.get_window_stats(item, key_id)
    wait_s = max(0.0, stats.reset_time - time.time()) if not stats.remaining else 0.0
    return Passage(passed, max(0, stats.remaining), wait_s)
