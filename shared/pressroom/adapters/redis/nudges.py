"""Nudges by publish and subscribe: who is not there does not hear them, and nothing is kept."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from pressroom.adapters.redis import keys
from pressroom.adapters.redis.connection import connect, unavailable
from pressroom.domain.errors import RedisUnavailable
from pressroom.telemetry import get_logger

_BETWEEN = b" "
_LISTEN_S = 0.5


class RedisNudges:
    """Implements ``Nudges``. Safe for many threads."""

    def __init__(self, url: str, *, timeout_s: float = 1.0) -> None:
        """Nothing is sent yet. ``timeout_s`` bounds every call."""
        self._url = url
        self._client: Any = connect(url, timeout_s=timeout_s)

    def send(self, job_ids: Sequence[str]) -> None:
        """Raises RedisUnavailable."""
        with unavailable(self._url):
            self._client.publish(keys.NUDGES, _BETWEEN.join(job_id.encode() for job_id in job_ids))


class RedisNudgeListener:
    """Implements ``NudgeListener``. ``heard`` gets the ids; none means everything: so it is called
    after each connection too, since nobody knows what was missed."""

    def __init__(self, url: str, heard: Callable[[frozenset[str]], None], *, pause_s: float = 1.0) -> None:
        """Nothing is connected yet. ``pause_s``: how long to leave a server alone that is away."""
        self._url = url
        self._heard = heard
        self._pause_s = pause_s
        self._client: Any = connect(url)
        self._away = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nudges", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        log = get_logger(__name__)
        while not self._stopping.is_set():
            try:
                with unavailable(self._url):
                    self._listen()
            except RedisUnavailable as error:
                if not self._away:
                    log.warning("nudges_not_heard", reason=error.message)
                self._away = True
            except Exception:
                # Without it a cancel is heard with the next heartbeat.
                log.exception("nudges_not_heard")
            self._stopping.wait(self._pause_s)

    def _listen(self) -> None:
        with self._client.pubsub(ignore_subscribe_messages=False) as channel:
            channel.subscribe(keys.NUDGES)
            while not self._stopping.is_set():
                message = channel.get_message(timeout=_LISTEN_S)
                if message is None:
                    continue
                if message["type"] == "subscribe":
                    self._away = False
                    self._heard(frozenset())
                elif message["type"] == "message":
                    ids = message["data"].split(_BETWEEN) if message["data"] else ()
                    self._heard(frozenset(job_id.decode(errors="replace") for job_id in ids))
