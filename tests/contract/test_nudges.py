"""Nudges: what holds in memory and through a real server alike."""

import threading
from collections.abc import Callable, Iterator

import pytest

from pressroom.adapters.memory.redis import MemoryNudges
from pressroom.adapters.redis.nudges import RedisNudgeListener, RedisNudges
from pressroom.jobs.nudges import NudgeListener, Nudges

Heard = Callable[[frozenset[str]], None]


class Channel:
    """One channel: ``nudges`` sends, and each ``listen`` hears."""

    def __init__(self, nudges: Nudges, listener: Callable[[Heard], NudgeListener]) -> None:
        self.nudges = nudges
        self._listener = listener
        self._listening: list[NudgeListener] = []

    def listen(self) -> "Ear":
        ear = Ear()
        listener = self._listener(ear.hear)
        listener.start()
        self._listening.append(listener)
        # The first word is that it listens now.
        ear.waits_for(frozenset())
        ear.heard.clear()
        return ear

    def close(self) -> None:
        for listener in self._listening:
            listener.stop()


class Ear:
    def __init__(self) -> None:
        self.heard: list[frozenset[str]] = []
        self._changed = threading.Condition()

    def hear(self, job_ids: frozenset[str]) -> None:
        with self._changed:
            self.heard.append(job_ids)
            self._changed.notify_all()

    def waits_for(self, job_ids: frozenset[str]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: job_ids in self.heard, 10), self.heard


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def channel(request: pytest.FixtureRequest) -> Iterator[Channel]:
    if request.param == "memory":
        memory = MemoryNudges()
        made = Channel(memory, memory.listener)
    else:
        url = request.getfixturevalue("redis_url")
        made = Channel(RedisNudges(url), lambda heard: RedisNudgeListener(url, heard, pause_s=0.05))
    yield made
    made.close()


def test_all_who_listen_hear_it_in_order(channel: Channel) -> None:
    ears = [channel.listen(), channel.listen()]
    channel.nudges.send(["job_1", "job_2"])
    channel.nudges.send(["job_3"])
    for ear in ears:
        ear.waits_for(frozenset({"job_3"}))
        assert ear.heard == [frozenset({"job_1", "job_2"}), frozenset({"job_3"})]


def test_no_ids_mean_everything(channel: Channel) -> None:
    ear = channel.listen()
    channel.nudges.send([])
    ear.waits_for(frozenset())


def test_nobody_needs_to_listen(channel: Channel) -> None:
    channel.nudges.send(["job_1"])
    ear = channel.listen()
    channel.nudges.send(["job_2"])
    ear.waits_for(frozenset({"job_2"}))
    assert ear.heard == [frozenset({"job_2"})], "what came before is not kept"
