"""A listener outlives its server, and says after each new connection that something may be missed."""

import threading

from tests.services.valkey import Valkey

from pressroom.adapters.redis import keys
from pressroom.adapters.redis.connection import connect
from pressroom.adapters.redis.nudges import RedisNudgeListener, RedisNudges


def test_a_server_that_dies_and_comes_back(valkey: Valkey) -> None:
    heard: list[frozenset[str]] = []
    changed = threading.Condition()

    def hear(job_ids: frozenset[str]) -> None:
        with changed:
            heard.append(job_ids)
            changed.notify_all()

    listener = RedisNudgeListener(valkey.url, hear, pause_s=0.05)
    listener.start()
    try:
        with changed:
            assert changed.wait_for(lambda: heard == [frozenset()], 10)
        valkey.kill()
        valkey.start()
        with changed:
            assert changed.wait_for(lambda: heard == [frozenset()] * 2, 10)
        RedisNudges(valkey.url).send(["job_1"])
        with changed:
            assert changed.wait_for(lambda: heard[-1] == frozenset({"job_1"}), 10)
    finally:
        listener.stop()


def test_what_is_no_id_harms_nobody(redis_url: str) -> None:
    heard: list[frozenset[str]] = []
    came = threading.Event()

    def hear(job_ids: frozenset[str]) -> None:
        heard.append(job_ids)
        if "job_1" in job_ids:
            came.set()

    listener = RedisNudgeListener(redis_url, hear)
    listener.start()
    try:
        while not heard:
            came.wait(0.01)
        for rubbish in (b"\xff\xfe", b" ", b"\0" * 10_000, "ü".encode()):
            connect(redis_url).publish(keys.NUDGES, rubbish)
        RedisNudges(redis_url).send(["job_1"])
        assert came.wait(10)
    finally:
        listener.stop()


def test_it_stops_while_the_server_is_away() -> None:
    listener = RedisNudgeListener("redis://127.0.0.1:1/0", lambda job_ids: None, pause_s=60)
    listener.start()
    listener.stop()
