"""Requests a minute: what holds in memory and through a real server alike, and what does while that is away."""

import threading
import time
from collections.abc import Iterator

import pytest

from pressroom.adapters.redis.connection import connect
from pressroom.adapters.redis.keys import PREFIX
from pressroom.adapters.redis.turnstile import MemoryTurnstile, RedisTurnstile
from pressroom.jobs.turnstile import Turnstile


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def turnstile(request: pytest.FixtureRequest) -> Iterator[Turnstile]:
    if request.param == "memory":
        yield MemoryTurnstile()
        return
    yield RedisTurnstile(request.getfixturevalue("redis_url"))


def test_so_many_pass_and_no_more(turnstile: Turnstile) -> None:
    passages = [turnstile.go("key", 3) for _ in range(5)]
    assert [each.passed for each in passages] == [True, True, True, False, False]
    assert [each.left for each in passages] == [2, 1, 0, 0, 0]
    assert 50 < passages[-1].wait_s <= 60


def test_keys_are_counted_apart(turnstile: Turnstile) -> None:
    assert turnstile.go("one", 1).passed
    assert not turnstile.go("one", 1).passed
    assert turnstile.go("other", 1).passed


def test_a_changed_bound_begins_a_count_of_its_own(turnstile: Turnstile) -> None:
    assert [turnstile.go("key", 1).passed for _ in range(2)] == [True, False]
    assert [turnstile.go("key", 2).passed for _ in range(3)] == [True, True, False]


def test_threads_together_pass_no_more_than_one_would(turnstile: Turnstile) -> None:
    passed: list[bool] = []

    def go() -> None:
        for _ in range(10):
            passed.append(turnstile.go("key", 25).passed)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 25


@pytest.mark.redis
def test_two_fronts_count_together_under_our_own_prefix(redis_url: str) -> None:
    one, other = RedisTurnstile(redis_url), RedisTurnstile(redis_url)
    assert [one.go("key", 2).passed, other.go("key", 2).passed, one.go("key", 2).passed] == [
        True,
        True,
        False,
    ]
    names = [bytes(name) for name in connect(redis_url).scan_iter("*")]
    assert names
    assert all(name.startswith(PREFIX.encode()) for name in names)


def test_without_redis_each_front_counts_alone_and_soon() -> None:
    turnstile = RedisTurnstile("redis://127.0.0.1:1/0")
    began = time.monotonic()
    assert [turnstile.go("key", 2).passed for _ in range(4)] == [True, True, False, False]
    assert time.monotonic() - began < 5
