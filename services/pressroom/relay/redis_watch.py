"""Watches the memory of Redis: gauges of each look, and a line in the log when it becomes little."""

from pressroom.adapters.redis.room import RedisRoom
from pressroom.relay.metrics import RelayMetrics
from pressroom.telemetry import get_logger

_MB = 1_000_000


class RedisWatch:
    """``look`` now and then."""

    def __init__(self, room: RedisRoom, metrics: RelayMetrics) -> None:
        self._room = room
        self._metrics = metrics
        self._log = get_logger(__name__)
        self._was_low = False

    def look(self) -> None:
        """Raises RedisUnavailable."""
        fill = self._room.fill()
        self._metrics.redis(fill.used, fill.most)
        low = self._room.low(fill)
        if low != self._was_low:
            say = self._log.warning if low else self._log.info
            event = "redis_memory_low" if low else "redis_memory_enough"
            say(event, used_mb=fill.used // _MB, most_mb=fill.most // _MB)
        self._was_low = low
