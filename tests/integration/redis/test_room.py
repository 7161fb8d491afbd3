"""How full Redis is, by its own word; little room is said once, and again only after there was enough."""

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs
from tests.services.valkey import Valkey

from pressroom.adapters.redis.connection import connect
from pressroom.adapters.redis.room import Fill, RedisRoom
from pressroom.domain.errors import RedisUnavailable
from pressroom.relay.metrics import RelayMetrics
from pressroom.relay.redis_watch import RedisWatch


def test_what_is_used_and_what_may_be(valkey: Valkey) -> None:
    client = connect(valkey.url)
    room = RedisRoom(valkey.url)
    assert room.fill().most == 0
    assert not room.low(room.fill()), "no bound, no share of it"
    client.config_set("maxmemory", "64mb")
    try:
        client.set("pressroom:test", b"x" * 1_000_000)
        fill = room.fill()
        assert fill.most == 64 * 1024 * 1024
        assert 1_000_000 < fill.used < fill.most
        assert not room.low(fill)
    finally:
        client.config_set("maxmemory", "0")
        client.delete("pressroom:test")


def test_a_server_that_is_away_says_so() -> None:
    with pytest.raises(RedisUnavailable):
        RedisRoom("redis://127.0.0.1:1/0").fill()


class Scripted(RedisRoom):
    def __init__(self, *used: int) -> None:
        super().__init__("redis://127.0.0.1:1/0")
        self._used = list(used)

    def fill(self) -> Fill:
        return Fill(self._used.pop(0), 100_000_000)


def test_low_is_said_once_and_enough_once() -> None:
    used = [50, 89, 90, 85, 81, 95, 79, 85, 92]
    registry = CollectorRegistry()
    watch = RedisWatch(Scripted(*(each * 1_000_000 for each in used)), RelayMetrics(registry))
    with capture_logs() as said:
        for _ in used:
            watch.look()
    assert [(line["event"], line["used_mb"]) for line in said] == [
        ("redis_memory_low", 90),
        ("redis_memory_enough", 79),
        ("redis_memory_low", 92),
    ]
    assert registry.get_sample_value("pressroom_redis_memory_bytes") == 92_000_000
    assert registry.get_sample_value("pressroom_redis_memory_most_bytes") == 100_000_000
