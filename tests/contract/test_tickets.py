"""Tickets: what holds in memory and through Celery alike."""

from collections.abc import Iterator

import pytest

from pressroom.adapters.celery.tickets import CeleryTickets
from pressroom.adapters.memory.redis import MemoryTickets
from pressroom.jobs.ports import Tickets


@pytest.fixture(params=["memory", pytest.param("celery", marks=pytest.mark.redis)])
def tickets(request: pytest.FixtureRequest) -> Iterator[Tickets]:
    if request.param == "memory":
        yield MemoryTickets()
        return
    real = CeleryTickets(request.getfixturevalue("redis_url"))
    yield real
    real.close()


def test_nothing_is_pending_at_first(tickets: Tickets) -> None:
    assert tickets.pending("text") == 0


def test_what_was_sent_is_pending(tickets: Tickets) -> None:
    tickets.send("text")
    tickets.send("text", 3)

    assert tickets.pending("text") == 4


def test_pools_are_apart(tickets: Tickets) -> None:
    tickets.send("text", 2)
    tickets.send("image")

    assert tickets.pending("text") == 2
    assert tickets.pending("image") == 1


def test_sending_none_sends_none(tickets: Tickets) -> None:
    tickets.send("text", 0)

    assert tickets.pending("text") == 0
