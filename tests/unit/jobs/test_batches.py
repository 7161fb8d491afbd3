"""Taking a batch in, over a memory store: pages, limits, keys, and trouble in the middle."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from tests.support.jobs import new_job
from tests.support.troubled import Troubled

from pressroom.adapters.memory.batches import MemoryBatchStore
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryNudges
from pressroom.contract.jobs import DEFAULT_RESULT_TTL_S, JobInput, JobRequest
from pressroom.domain.batch import BatchState, RowState
from pressroom.domain.errors import (
    BatchUnknown,
    Busy,
    DatabaseUnavailable,
    InputInvalid,
    KeyReused,
    ModelUnknown,
    TooManyRows,
)
from pressroom.domain.job import NewJob
from pressroom.jobs.batch_rows import GivenRow
from pressroom.jobs.batches import Batches, BatchLimits, Received
from pressroom.jobs.ports import ApiKey


class Resolver:
    """Resolves as a submit would; knows every model but ``nope``."""

    def resolved(
        self, tenant: str, request: JobRequest, request_id: str | None = None, by: ApiKey | None = None
    ) -> NewJob:
        if request.model == "nope":
            raise ModelUnknown("There is no model of this name.", field="model")
        return new_job(tenant, input={"prompt": request.input.prompt}, result_ttl_s=request.result_ttl_s)


def given(n: int, size: int = 100, model: str = "writer", **changes: Any) -> GivenRow:
    request = JobRequest(model=model, input=JobInput(prompt=f"row {n}"), **changes)
    return GivenRow(n, size, None, request)


class World:
    def __init__(self, **limits: int) -> None:
        self.store: Any = Troubled(MemoryBatchStore(MemoryJobStore()))
        self.pages: list[int] = []
        add = self.store._inner.add

        def counted(batch_id: str, rows: Any) -> None:
            self.pages.append(len(rows))
            add(batch_id, rows)

        self.store._inner.add = counted
        self.batches = Batches(
            self.store, Resolver(), MemoryNudges(), secret=b"s", limits=BatchLimits(**limits)
        )

    def post(self, rows: Iterable[GivenRow], body: bytes = b"", **options: Any) -> Received:
        mac = self.batches.body_mac({})
        mac.update(body)
        return self.batches.receive("acme", rows, mac.hexdigest, defaults={}, **options)

    @property
    def held(self) -> list[Any]:
        return [each for each in self.store._inner._held.values() if not each.erased]


@pytest.fixture
def world() -> World:
    return World()


def test_rows_are_stored_in_pages_while_they_come(world: World) -> None:
    def rows() -> Iterator[GivenRow]:
        for n in range(1, 602):
            assert sum(world.pages) >= n - 250, "no more than a page is held"
            yield given(n)

    received = world.post(rows())
    assert world.pages == [250, 250, 101]
    assert (received.created, received.batch.rows, received.counts.waiting) == (True, 601, 601)


def test_large_rows_make_small_pages(world: World) -> None:
    world.post(given(n, size=300_000) for n in range(1, 6))
    assert world.pages == [2, 2, 1]


def test_rows_are_checked_as_single_jobs_are(world: World) -> None:
    bad = GivenRow(2, 9, "b", InputInvalid("The line is not JSON."))
    received = world.post([given(1), bad, given(3, model="nope")])
    rows = world.batches.rows("acme", received.batch.id)
    assert [(row.n, row.state, row.error_code) for row in rows] == [
        (1, RowState.WAITING, None),
        (2, RowState.REFUSED, "input_invalid"),
        (3, RowState.REFUSED, "model_unknown"),
    ]


def test_a_batch_is_kept_as_long_as_its_longest_row(world: World) -> None:
    received = world.post([given(1, result_ttl_s=60), given(2, result_ttl_s=600), given(3, result_ttl_s=90)])
    assert received.batch.result_ttl_s == 600
    assert world.post([given(1, model="nope")]).batch.result_ttl_s == DEFAULT_RESULT_TTL_S


def test_without_rows_there_is_no_batch(world: World) -> None:
    with pytest.raises(InputInvalid):
        world.post([])
    assert world.held == []


def test_a_row_too_many_leaves_nothing() -> None:
    world = World(rows=300)
    world.post(given(n) for n in range(1, 301))
    with pytest.raises(TooManyRows, match="300"):
        world.post(given(n) for n in range(1, 302))
    assert len(world.held) == 1


def test_what_breaks_off_is_given_up(world: World) -> None:
    def rows() -> Iterator[GivenRow]:
        yield from (given(n) for n in range(1, 301))
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        world.post(rows(), key="k")
    assert world.pages == [250]
    assert world.held == []


@pytest.mark.parametrize("call", ["open", "add", "seal"])
def test_trouble_is_raised_and_the_same_key_begins_anew(world: World, call: str) -> None:
    world.store.fail(call)
    with pytest.raises(DatabaseUnavailable):
        world.post([given(1)], key="k")
    assert world.post([given(1)], key="k").created


def test_trouble_that_stays_is_left_to_the_relay(world: World) -> None:
    world.store.fail("seal")
    world.store.fail("give_up", times=None)
    with pytest.raises(DatabaseUnavailable):
        world.post([given(1)])
    (held,) = world.held
    assert held.batch.state is BatchState.RECEIVING


def test_a_lost_answer_gives_nothing_up(world: World) -> None:
    world.store.lose_answer("seal")
    with pytest.raises(DatabaseUnavailable):
        world.post([given(1)], b"body", key="k")
    again = world.post([given(1)], b"body", key="k")
    assert (again.created, again.batch.state) == (False, BatchState.RUNNING)


def test_another_body_under_the_key_is_refused(world: World) -> None:
    first = world.post([given(1)], b"body", key="k")
    assert world.post([given(1)], b"body", key="k").batch.id == first.batch.id
    with pytest.raises(KeyReused):
        world.post([given(1)], b"another", key="k")


def test_the_defaults_are_of_the_body(world: World) -> None:
    macs = {world.batches.body_mac(defaults).hexdigest() for defaults in ({}, {"model": "a"}, {"model": "b"})}
    assert len(macs) == 3


def test_a_key_that_is_none_is_refused_before_anything_is_read(world: World) -> None:
    def rows() -> Iterator[GivenRow]:
        raise AssertionError("read")
        yield

    with pytest.raises(InputInvalid):
        world.post(rows(), key="schlüssel")


def test_only_so_many_come_in_at_once_and_each_place_is_given_back() -> None:
    world = World(at_once=1)

    def rows() -> Iterator[GivenRow]:
        with pytest.raises(Busy):
            world.post([given(1)])
        yield given(1)

    world.post(rows())
    with pytest.raises(InputInvalid):
        world.post([])
    assert world.post([given(1)]).created


def test_what_cannot_be_an_id_is_not_looked_up(world: World) -> None:
    calls: tuple[Callable[[str, str], Any], ...] = (
        world.batches.batch,
        world.batches.rows,
        world.batches.results,
        world.batches.cancel,
        world.batches.erase,
        world.batches.retry,
    )
    for call in calls:
        with pytest.raises(BatchUnknown):
            call("acme", "job_" + "0" * 32)
    assert world.store.calls == []


def test_results_are_read_a_page_at_a_time(world: World) -> None:
    received = world.post(given(n, model="nope") for n in range(1, 131))
    world.store.calls.clear()
    results = world.batches.results("acme", received.batch.id)
    assert next(results).n == 1
    assert world.store.calls == ["batch", "rows"]
    assert [row.n for row in results] == list(range(2, 131))
    assert world.store.calls == ["batch", "rows", "rows", "rows", "rows"]
