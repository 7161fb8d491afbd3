"""Opens what lives in Redis: events, finished jobs, tickets. Nothing is sent before it is used."""

from pressroom.adapters.celery.tickets import CeleryTickets
from pressroom.adapters.redis.events import RedisEventLog
from pressroom.adapters.redis.nudges import RedisNudges
from pressroom.adapters.redis.results import RedisResultCache
from pressroom.adapters.redis.turnstile import RedisTurnstile
from pressroom.settings import Settings


class RedisNotNamed(ValueError):
    """``PRESSROOM_REDIS_URL`` is empty where no embedded server is at hand."""


def open_events(settings: Settings) -> RedisEventLog:
    return RedisEventLog(redis_url(settings), ttl_s=settings.stream_ttl_s)


def open_cache(settings: Settings) -> RedisResultCache:
    # Reads are on the way of every fetch: a server that hangs must not hold them up.
    return RedisResultCache(redis_url(settings), timeout_s=1.0)


def open_tickets(settings: Settings) -> CeleryTickets:
    return CeleryTickets(redis_url(settings))


def open_nudges(settings: Settings) -> RedisNudges:
    return RedisNudges(redis_url(settings))


def open_turnstile(settings: Settings) -> RedisTurnstile:
    return RedisTurnstile(redis_url(settings))


def redis_url(settings: Settings) -> str:
    """Raises RedisNotNamed."""
    if not settings.redis_url:
        raise RedisNotNamed(
            "PRESSROOM_REDIS_URL is not set. Name a Valkey or Redis server, e.g. redis://127.0.0.1:6379/0, "
            "or start everything with `make up`, which brings its own."
        )
    return settings.redis_url
