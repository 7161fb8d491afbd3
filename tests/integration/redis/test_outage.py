"""A Redis that dies, freezes, or comes back: nobody hangs, and nobody needs a new client."""

import os
import signal
from collections.abc import Callable
from time import perf_counter

import pytest
from kombu.exceptions import LimitExceeded
from tests.services.valkey import Valkey

from pressroom.adapters.celery.tickets import CeleryTickets
from pressroom.adapters.redis import keys
from pressroom.adapters.redis.events import RedisEventLog
from pressroom.adapters.redis.results import RedisResultCache
from pressroom.contract.events import Delta, End, Started
from pressroom.domain.errors import RedisUnavailable
from pressroom.jobs.ports import Numbered

pytestmark = pytest.mark.redis

EVENT = Numbered("job_1", 1, 1, Started(attempt=1))


def _calls(url: str) -> dict[str, Callable[[], object]]:
    tickets, log, cache = CeleryTickets(url), RedisEventLog(url, ttl_s=60), RedisResultCache(url)
    return {
        "send": lambda: tickets.send("text"),
        "pending": lambda: tickets.pending("text"),
        "append": lambda: log.append([EVENT]),
        "read": lambda: log.read({"job_1": (0, 0)}, 0.1),
        "get": lambda: cache.get("acme", "job_1"),
        "ping": cache.ping,
    }


@pytest.mark.parametrize("form", ["url", "tcp_url"])
def test_a_dead_server_is_said_so_at_once_and_found_again(valkey: Valkey, form: str) -> None:
    calls = _calls(getattr(valkey, form))
    for call in calls.values():
        call()

    valkey.kill()
    for name, call in calls.items():
        began = perf_counter()
        with pytest.raises(RedisUnavailable):
            call()
        assert perf_counter() - began < 1.0, name

    valkey.start()
    for call in calls.values():
        call()


def test_a_frozen_server_holds_nobody_for_long(valkey: Valkey) -> None:
    tickets = CeleryTickets(valkey.url)
    log = RedisEventLog(valkey.url, ttl_s=60, timeout_s=0.3)
    tickets.send("text")
    log.append([EVENT])

    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        calls: list[Callable[[], None]] = [lambda: tickets.send("text"), lambda: log.append([EVENT])]
        for call in calls:
            began = perf_counter()
            with pytest.raises(RedisUnavailable):
                call()
            assert perf_counter() - began < 1.0
    finally:
        os.kill(valkey.pid, signal.SIGCONT)

    tickets.send("text")
    log.append([EVENT])


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_a_server_that_goes_between_look_and_push_is_given_up(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch, frozen: bool, connected: bool
) -> None:
    tickets = CeleryTickets(valkey.tcp_url)
    if connected:
        tickets.send("text")
    monkeypatch.setattr(tickets, "pending", lambda pool: 0)

    if frozen:
        os.kill(valkey.pid, signal.SIGSTOP)
    else:
        valkey.kill()
    try:
        began = perf_counter()
        with pytest.raises(RedisUnavailable):
            tickets.send("text")
        assert perf_counter() - began < 1.5
    finally:
        if frozen:
            os.kill(valkey.pid, signal.SIGCONT)


def test_a_sender_that_finds_all_connections_taken_gives_up(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What kombu raises of its pool is none of its operational errors."""
    tickets = CeleryTickets(redis_url)

    def acquire(**_: object) -> None:
        raise LimitExceeded(2)

    monkeypatch.setattr(tickets._app.producer_pool, "acquire", acquire)
    with pytest.raises(RedisUnavailable):
        tickets.send("text")
    monkeypatch.undo()
    tickets.send("text")
    assert tickets.pending("text") == 1


def test_more_tickets_than_could_wake_anybody_are_not_sent(redis_url: str) -> None:
    tickets = CeleryTickets(redis_url, enough=5)

    tickets.send("text", 100)
    tickets.send("text")

    assert tickets.pending("text") == 5


def test_waiting_tickets_are_not_counted_at_each_send(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets, now = CeleryTickets(redis_url, enough=5), 100.0
    counted: list[str] = []
    count = tickets.pending

    def pending(pool: str) -> int:
        counted.append(pool)
        return count(pool)

    monkeypatch.setattr("pressroom.adapters.celery.tickets.monotonic", lambda: now)
    monkeypatch.setattr(tickets, "pending", pending)

    for _ in range(8):
        tickets.send("text")
    assert (counted, count("text")) == (["text"], 5)

    tickets._client.ltrim(keys.tickets("text"), 0, 1)
    now += 1
    for _ in range(8):
        tickets.send("text")
    assert (counted, count("text")) == (["text", "text"], 5)


def test_every_key_has_our_prefix_and_the_streams_an_end(redis_url: str) -> None:
    log, cache, tickets = (
        RedisEventLog(redis_url, ttl_s=60),
        RedisResultCache(redis_url),
        CeleryTickets(redis_url),
    )
    log.append([EVENT])
    log.erase("job_2")
    cache.erase("job_2")
    tickets.send("text")

    client = log._client
    names = {name.decode() for name in client.keys("*")}

    assert names
    assert all(name.startswith("pressroom:") for name in names)
    assert 0 < client.ttl("pressroom:events:job_1") <= 60
    assert client.ttl("pressroom:events:job_2") > 60
    assert client.ttl("pressroom:result:job_2") > 60


def test_a_stream_s_life_is_renewed_in_time_and_at_both_ends(redis_url: str) -> None:
    now = [100.0]
    log = RedisEventLog(redis_url, ttl_s=60, clock=lambda: now[0])
    client, key = log._client, "pressroom:events:job_1"

    def left_after(*told: Numbered) -> int:
        client.persist(key)
        log.append(told)
        return int(client.ttl(key))

    def word(seq: int, attempt: int = 1) -> Numbered:
        return Numbered("job_1", attempt, seq, Delta(n=0, offset=seq, text="w"))

    assert left_after(Numbered("job_1", 1, 1, Started(attempt=1))) == 60
    assert left_after(word(2), word(3)) == -1  # no end: not renewed
    now[0] += 7
    assert left_after(word(4)) == 60
    assert left_after(word(5)) == -1
    assert left_after(Numbered("job_1", 2, 1, Started(attempt=2)), word(2, attempt=2)) == 60
    assert left_after(word(3, attempt=2), Numbered("job_1", 2, 4, End(status="succeeded"), keep_s=9)) == 9
    assert (
        left_after(Numbered("job_1", 3, 2, Delta(n=0, offset=0, text="w"))) == 60
    )  # what was not begun here
    assert log._renewed.keys() == {"job_1"}


def test_after_an_outage_every_stream_gets_its_life_again(valkey: Valkey) -> None:
    log = RedisEventLog(valkey.url, ttl_s=60, timeout_s=0.3)
    log.append([EVENT])
    valkey.kill()
    with pytest.raises(RedisUnavailable):
        log.append([Numbered("job_1", 1, 2, Delta(n=0, offset=1, text="w"))])
    valkey.start()
    log.append([Numbered("job_1", 1, 3, Delta(n=0, offset=2, text="w"))])
    assert 0 < log._client.ttl("pressroom:events:job_1") <= 60


def test_a_stream_is_bounded(redis_url: str) -> None:
    log = RedisEventLog(redis_url, ttl_s=60, max_events=100)
    log.append([Numbered("job_1", 1, seq, Delta(n=0, offset=seq, text="w")) for seq in range(1, 2_001)])

    events = log.read({"job_1": (0, 0)}, 0.1)["job_1"]

    # Redis trims whole nodes, so somewhat more than asked for may stay.
    assert len(events) < 400
    assert events[-1].seq == 2_000
