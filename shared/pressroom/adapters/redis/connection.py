"""A client from a URL, with short timeouts; Redis' errors become ``RedisUnavailable``.

URLs: ``redis://host:port/db``, ``rediss://…`` (TLS), ``unix:///path/to.sock?db=0``; the form
``redis+socket:///path`` that Celery knows is taken too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from pressroom.domain.errors import RedisUnavailable

_CELERY_SOCKET = "redis+socket://"
_UNIX = "unix://"


def connect(url: str, *, timeout_s: float = 2.0) -> "redis.Redis":
    """A client with a pool of its own; nothing is sent yet.

    ``timeout_s`` bounds connecting and each answer. One retry without a pause finds a server that
    was restarted behind a pooled connection; a slow answer is not asked for again. Raises ValueError for a URL that is none of the above.
    """
    return redis.Redis.from_url(
        unix_form(url),
        protocol=2,
        socket_timeout=timeout_s,
        **_tcp_options(url, timeout_s),
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def unix_form(url: str) -> str:
    """The URL as redis-py wants it."""
    return _UNIX + url.removeprefix(_CELERY_SOCKET) if url.startswith(_CELERY_SOCKET) else url


def celery_form(url: str) -> str:
    """The URL as kombu wants it."""
    if not url.startswith(_UNIX):
        return url
    path, _, query = url.removeprefix(_UNIX).partition("?")
    database = next((part.removeprefix("db=") for part in query.split("&") if part.startswith("db=")), "0")
    return f"{_CELERY_SOCKET}{path}?virtual_host={database}"


def shown(url: str) -> str:
    """The URL without its password, for messages."""
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":…@") if parts.password else url


@contextmanager
def unavailable(url: str) -> Iterator[None]:
    """Turn what redis-py raises into ``RedisUnavailable``."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise RedisUnavailable(
            f"Redis at {shown(url)} does not serve us ({type(error).__name__}: {error}). "
            "See that it runs and that PRESSROOM_REDIS_URL names it; jobs are kept meanwhile.",
            retry_after_s=1.0,
        ) from error


def _tcp_options(url: str, timeout_s: float) -> dict[str, object]:
    if unix_form(url).startswith(_UNIX):
        return {}
    return {"socket_connect_timeout": min(timeout_s, 1.0), "socket_keepalive": True}
