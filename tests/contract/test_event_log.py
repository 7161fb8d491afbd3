"""EventLog: what holds in memory and in Redis alike."""

import threading
from collections.abc import Iterator
from time import perf_counter

import pytest

from pressroom.adapters.memory.redis import MemoryEventLog
from pressroom.adapters.redis.events import RedisEventLog
from pressroom.contract.events import Delta, End, Started
from pressroom.jobs.ports import EventLog, Numbered, StreamEvent


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def log(request: pytest.FixtureRequest) -> Iterator[EventLog]:
    if request.param == "memory":
        yield MemoryEventLog()
        return
    real = RedisEventLog(request.getfixturevalue("redis_url"), ttl_s=60)
    yield real
    real.close()


def started(attempt: int = 1, job: str = "job_1") -> Numbered:
    return Numbered(job, attempt, 1, Started(attempt=attempt))


def delta(seq: int, text: str = "word", attempt: int = 1, job: str = "job_1") -> Numbered:
    return Numbered(job, attempt, seq, Delta(n=0, offset=seq, text=text))


def test_what_was_appended_is_read_in_order(log: EventLog) -> None:
    events = [started(), delta(2, "naïve 🧶"), delta(3, "\n"), _end(4)]

    log.append(events)

    assert log.read({"job_1": (0, 0)}, 1) == {"job_1": events}


def test_reads_on_behind_a_place(log: EventLog) -> None:
    log.append([started(), delta(2), delta(3)])

    assert log.read({"job_1": (1, 2)}, 1) == {"job_1": [delta(3)]}


def test_many_streams_are_read_at_once_each_from_its_own_place(log: EventLog) -> None:
    log.append([started(), delta(2), started(job="job_2"), delta(2, job="job_2")])

    heard = log.read({"job_1": (1, 1), "job_2": (0, 0), "job_3": (0, 0)}, 1)

    assert heard == {"job_1": [delta(2)], "job_2": [started(job="job_2"), delta(2, job="job_2")]}


def test_a_read_without_time_to_wait_does_not_wait(log: EventLog) -> None:
    """A follower that comes back makes one on its way; the shortest wait of a server is 100 ms."""
    log.append([started()])
    began = perf_counter()

    for _ in range(20):
        assert log.read({"job_1": (1, 1)}, 0) == {}

    assert perf_counter() - began < 1


def test_a_read_wakes_when_something_comes(log: EventLog) -> None:
    heard: dict[str, list[Numbered]] = {}

    def read() -> None:
        while not heard:
            heard.update(log.read({"job_1": (0, 0), "job_2": (0, 0)}, 1))

    reader = threading.Thread(target=read)
    reader.start()
    log.append([started(job="job_2")])
    reader.join(5)

    assert heard == {"job_2": [started(job="job_2")]}


def test_a_read_of_nothing_new_is_empty(log: EventLog) -> None:
    log.append([started()])

    assert log.read({"job_1": (1, 1)}, 0.01) == {}
    assert log.read({}, 0.01) == {}


def test_an_event_sent_twice_is_kept_once(log: EventLog) -> None:
    log.append([started(), delta(2)])
    log.append([started(), delta(2), delta(3)])

    assert log.read({"job_1": (0, 0)}, 1) == {"job_1": [started(), delta(2), delta(3)]}


def test_late_events_of_a_superseded_attempt_are_dropped(log: EventLog) -> None:
    log.append([started(), delta(2)])
    log.append([started(attempt=2)])
    log.append([delta(3), _end(4), delta(2, attempt=2)])

    events = log.read({"job_1": (0, 0)}, 1)["job_1"]

    assert events == [started(), delta(2), started(attempt=2), delta(2, attempt=2)]


def test_a_superseded_job_does_not_hold_up_the_others(log: EventLog) -> None:
    log.append([started(attempt=2)])

    log.append([started(attempt=1), started(job="job_2")])

    assert log.read({"job_2": (0, 0)}, 1) == {"job_2": [started(job="job_2")]}


def test_a_hole_in_the_numbers_stays_visible(log: EventLog) -> None:
    log.append([started(), delta(5)])

    assert [event.seq for event in log.read({"job_1": (0, 0)}, 1)["job_1"]] == [1, 5]


def test_nothing_follows_an_erasure(log: EventLog) -> None:
    log.append([started(), delta(2, "secret")])
    log.erase("job_1")
    log.append([delta(3, "secret"), started(attempt=2)])

    assert log.read({"job_1": (0, 0)}, 0.01) == {}


def test_what_nobody_writes_any_more_is_removed_without_a_trace(log: EventLog) -> None:
    log.append([started(), delta(2, "secret")])
    log.erase("job_1", "job_9", noted=False)
    assert log.read({"job_1": (0, 0)}, 0.01) == {}
    log.append([started(attempt=2)])
    assert len(log.read({"job_1": (0, 0)}, 1)["job_1"]) == 1


def test_an_unknown_job_may_be_erased(log: EventLog) -> None:
    log.erase("job_9")
    log.erase("job_9")

    assert log.read({"job_9": (0, 0)}, 0.01) == {}


@pytest.mark.parametrize(
    "event",
    [
        Started(attempt=3),
        Delta(n=7, offset=123, text='"\\\u2028 \x00'),
        End(status="failed", finish_reason=None),
    ],
)
def test_every_kind_of_event_comes_back_as_it_was(log: EventLog, event: StreamEvent) -> None:
    log.append([Numbered("job_1", 3, 1, event)])

    assert log.read({"job_1": (0, 0)}, 1)["job_1"][0].event == event


def _end(seq: int) -> Numbered:
    return Numbered("job_1", 1, seq, End(status="succeeded", finish_reason="stop"))
