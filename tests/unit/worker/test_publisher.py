"""Publisher: numbers without holes unless something was dropped, offsets, outages, the end."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tests.support.scripted import Gathered

from pressroom.adapters.memory.redis import MemoryEventLog
from pressroom.contract.events import Delta, End, Started
from pressroom.domain.errors import RedisUnavailable
from pressroom.domain.job import Held
from pressroom.engines import base
from pressroom.jobs.ports import Numbered
from pressroom.worker.publisher import Publisher

HELD = Held("job_1", 1)
END = End(status="succeeded", finish_reason="stop")


class Wire(MemoryEventLog):
    """A log that can be away, or hold its caller at a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 0
        self.broken = 0
        self.open = threading.Event()
        self.open.set()
        self.rounds = Gathered()
        self.tries = Gathered()

    def append(self, events: Sequence[Numbered]) -> None:
        self.tries(len(events))
        self.open.wait()
        if self.away:
            self.away -= 1
            raise RedisUnavailable("away")
        if self.broken:
            self.broken -= 1
            raise ValueError("cannot be sent")
        super().append(events)
        self.rounds(list(events))

    def heard(self, job_id: str = "job_1") -> list[Numbered]:
        return self.read({job_id: (0, 0)}, 0).get(job_id, [])


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def publisher(wire: Wire) -> Iterator[Publisher]:
    made = Publisher(wire, first_pause_s=0.001)
    made.start()
    yield made
    wire.open.set()
    made.stop(5)


def told(*texts: str, index: int = 0, held: Held = HELD) -> list[base.Delta]:
    return [base.Delta(base.Key(held.job_id, held.attempt), index, text, 1) for text in texts]


def test_an_attempt_is_numbered_from_one_without_holes(wire: Wire, publisher: Publisher) -> None:
    publisher.started(HELD)
    publisher.deltas(told("A", " mug"))
    publisher.deltas(told("."))
    publisher.ended(HELD, END)
    publisher.stop(5)

    heard = wire.heard()
    assert [event.seq for event in heard] == [1, 2, 3, 4, 5]
    assert heard[0].event == Started(attempt=1)
    assert heard[-1].event == END


def test_offsets_count_characters_of_each_output(wire: Wire, publisher: Publisher) -> None:
    publisher.started(HELD)
    publisher.deltas(told("naïve🧶") + told("B", index=1))
    publisher.deltas(told("!") + told("C", index=1))
    publisher.stop(5)

    deltas = [event.event for event in wire.heard() if isinstance(event.event, Delta)]
    assert [(delta.n, delta.offset, delta.text) for delta in deltas] == [
        (0, 0, "naïve🧶"),
        (1, 0, "B"),
        (0, 6, "!"),
        (1, 1, "C"),
    ]


def test_a_step_is_one_round_trip(wire: Wire, publisher: Publisher) -> None:
    wire.open.clear()
    publisher.started(HELD)
    wire.tries.wait(1)  # the thread is on its way with the first event
    publisher.deltas(told("A", "B", "C"))
    publisher.deltas(told("D"))
    wire.open.set()

    rounds = wire.rounds.wait(2)
    assert [len(batch) for batch in rounds] == [1, 4]


def test_what_finds_the_queue_full_leaves_a_hole_but_the_end_gets_through(wire: Wire) -> None:
    dropped: list[int] = []
    publisher = Publisher(wire, most_waiting=3, on_drop=dropped.append)
    publisher.started(HELD)
    publisher.deltas(told("A", "B", "C", "D"))
    publisher.ended(HELD, END)
    publisher.start()
    publisher.stop(5)

    heard = wire.heard()
    assert [event.seq for event in heard] == [1, 2, 3, 6]
    assert heard[-1].event == END
    assert sum(dropped) == 2


def test_jobs_that_come_and_go_while_redis_is_away_do_not_fill_the_memory(wire: Wire) -> None:
    dropped: list[int] = []
    publisher = Publisher(wire, most_waiting=3, on_drop=dropped.append)
    for number in range(5):
        held = Held(f"job_{number}", 1)
        publisher.started(held)
        publisher.ended(held, END)
        publisher.forget(held)
    publisher.start()
    publisher.stop(5)

    assert sum(map(len, wire.rounds.items)) == 6
    assert sum(dropped) == 4


def test_offsets_stay_true_behind_a_hole(wire: Wire) -> None:
    publisher = Publisher(wire, most_waiting=2)
    publisher.started(HELD)
    publisher.deltas(told("A", "lost"))
    publisher.start()
    wire.rounds.wait(1)
    publisher.deltas(told("B"))
    publisher.stop(5)

    last = wire.heard()[-1]
    assert isinstance(last.event, Delta)
    assert (last.seq, last.event.offset) == (4, 5)


def test_events_wait_for_redis_and_arrive_whole(wire: Wire, publisher: Publisher) -> None:
    wire.away = 2
    publisher.started(HELD)
    publisher.deltas(told("A"))
    publisher.ended(HELD, END)

    wire.rounds.wait(1)
    publisher.stop(5)

    assert [event.seq for event in wire.heard()] == [1, 2, 3]


def test_what_cannot_be_sent_does_not_hold_up_the_rest(wire: Wire, publisher: Publisher) -> None:
    wire.broken = 1
    publisher.started(HELD)
    wire.tries.wait(1)
    publisher.started(Held("job_2", 1))

    wire.rounds.wait(1)
    assert len(wire.heard("job_2")) == 1


def test_stopping_sends_what_waits(wire: Wire) -> None:
    publisher = Publisher(wire)
    publisher.started(HELD)
    publisher.deltas(told("A"))
    publisher.start()

    publisher.stop(5)

    assert len(wire.heard()) == 2


def test_stopping_does_not_wait_for_a_redis_that_is_away(wire: Wire) -> None:
    wire.away = 1_000_000
    publisher = Publisher(wire)
    publisher.started(HELD)
    publisher.start()
    wire.tries.wait(1)

    publisher.stop(5)

    assert wire.heard() == []


def test_nothing_is_told_of_an_attempt_that_is_over_or_never_began(wire: Wire, publisher: Publisher) -> None:
    publisher.deltas(told("early"))
    publisher.started(HELD)
    publisher.forget(HELD)
    publisher.deltas(told("late"))
    publisher.ended(HELD, END)
    publisher.stop(5)

    assert [event.seq for event in wire.heard()] == [1]


def test_two_attempts_are_numbered_apart(wire: Wire, publisher: Publisher) -> None:
    second = Held("job_1", 2)
    publisher.started(HELD)
    publisher.deltas(told("A"))
    publisher.started(second)
    publisher.deltas(told("B", held=second))
    publisher.stop(5)

    places: list[Any] = [(event.attempt, event.seq) for event in wire.heard()]
    assert places == [(1, 1), (1, 2), (2, 1), (2, 2)]
