"""The relay's turn over all batches: nobody's batch fills the queue, and none is forgotten."""

from typing import Any

import pytest
from tests.support.batches import Post, bad, good
from tests.support.jobs import LEASE_MS, Timepiece
from tests.support.troubled import Troubled

from pressroom.adapters.memory.batches import MemoryBatchStore
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.domain.batch import BatchCounts, BatchState
from pressroom.domain.errors import BatchErased, BatchUnknown, DatabaseUnavailable
from pressroom.jobs import batch_keeping
from pressroom.jobs.batch_keeping import BatchKeeping, BatchSweep
from pressroom.jobs.ports import QueueLimits


class World:
    def __init__(self, **limits: int) -> None:
        self.clock = Timepiece()
        jobs = MemoryJobStore(self.clock, lease_ms=LEASE_MS)
        self.store: Any = Troubled(MemoryBatchStore(jobs, self.clock))
        self.post = Post(jobs, self.store)
        self.keeping = BatchKeeping(self.store, QueueLimits(**limits), receive_s=60)

    def sweep(self) -> BatchSweep:
        return self.keeping.sweep()


@pytest.fixture
def world() -> World:
    return World()


def many(number: int, tenant: str = "acme") -> list[Any]:
    return [good(n, tenant=tenant) for n in range(1, number + 1)]


def test_a_batch_has_its_share_queued_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_keeping, "SHARE", 30)
    batch_id = world.post.receive(many(70))
    assert world.sweep() == BatchSweep(released=30)
    assert world.sweep() == BatchSweep()
    world.post.work(12)
    assert world.sweep() == BatchSweep(released=12)
    assert world.post.counts(batch_id) == BatchCounts(waiting=28, queued=30, succeeded=12)


def test_batches_of_all_tenants_take_turns_by_what_they_have_queued(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_keeping, "_PAGE", 5)
    world = World(lane=1_000, pool=40)
    greedy = [world.post.receive(many(50)) for _ in range(3)]
    assert world.sweep().released == 20, "half of the pool"
    world.clock.pass_ms(1)
    late = world.post.receive(many(50, "globex"), "globex")
    world.post.work(8)
    assert world.sweep().released == 8
    assert world.post.counts(late, "globex").queued == 5, "who has least comes first"
    assert sum(world.post.counts(each).queued for each in greedy) == 15


def test_one_sweep_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_keeping, "_PAGE", 3)
    monkeypatch.setattr(batch_keeping, "_PAGES", 4)
    world.post.receive(many(50))
    assert world.sweep().released == 12
    assert world.sweep().released == 12


def test_a_batch_ends_with_its_last_job(world: World) -> None:
    batch_id = world.post.receive([good(1), bad(2)])
    assert world.sweep() == BatchSweep(released=1)
    assert not world.sweep()
    world.post.work()
    assert world.sweep() == BatchSweep(ended=1)
    assert world.post.state(batch_id) is BatchState.FINISHED
    assert not world.sweep()


def test_a_cancel_is_carried_through(world: World) -> None:
    batch_id = world.post.receive(many(500))
    world.sweep()
    world.store.cancel("acme", batch_id)
    world.sweep()
    assert world.post.counts(batch_id) == BatchCounts(canceled=500)
    assert world.sweep() == BatchSweep(ended=1)


def test_running_jobs_of_a_canceled_batch_are_told(world: World) -> None:
    """Also those that were claimed between the cancel and the sweep."""
    batch_id = world.post.receive(many(3))
    world.sweep()
    world.store.cancel("acme", batch_id)
    claims = world.post.desk.claim(3)
    world.sweep()
    renewed = world.post.jobs.renew("worker-1", [claim.held for claim in claims], LEASE_MS)
    assert renewed.canceled == {claim.held for claim in claims}


def test_a_body_that_never_ends_is_given_up_and_removed(world: World) -> None:
    half = world.post.half(many(3))
    world.clock.pass_ms(60_000)
    assert not world.sweep()
    world.clock.pass_ms(1)
    assert world.sweep() == BatchSweep(removed=1)
    assert world.sweep() == BatchSweep(removed=3)
    assert not world.sweep()
    with pytest.raises(BatchUnknown):
        world.post.state(half)


def test_what_is_erased_or_expired_is_removed(world: World) -> None:
    batch_id = world.post.receive(many(5))
    world.sweep()
    world.post.work()
    world.sweep()
    world.clock.pass_ms(600_000)
    assert world.sweep() == BatchSweep(removed=1)
    assert world.sweep() == BatchSweep(removed=5)
    with pytest.raises(BatchErased):
        world.post.state(batch_id)
    assert not world.sweep()


@pytest.mark.parametrize("call", ["unfinished", "release", "settle", "clear", "expire"])
def test_after_an_outage_the_next_sweep_goes_on(world: World, call: str) -> None:
    erased = world.post.receive(many(3))
    world.store.erase("acme", erased)
    batch_id = world.post.receive([good(1), bad(2)])
    for step in (lambda: None, world.post.work):
        step()
        world.store.fail(call)
        try:
            world.sweep()
        except DatabaseUnavailable:
            world.sweep()
    world.store.well()
    while world.sweep():
        pass
    assert world.post.counts(batch_id) == BatchCounts(succeeded=1, refused=1)
    assert world.post.state(batch_id) is BatchState.FINISHED
    assert [each.id for each in world.store.unfinished()] == []
