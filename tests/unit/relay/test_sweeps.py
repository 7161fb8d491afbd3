"""A sweep: every duty, whatever the others meet; retention only now and then."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from pressroom.domain.errors import DatabaseUnavailable, RedisUnavailable
from pressroom.jobs.batch_keeping import BatchSweep
from pressroom.jobs.housekeeping import Erased, Kept
from pressroom.jobs.ports import PoolBacklog, Reaped
from pressroom.relay.metrics import RelayMetrics
from pressroom.relay.sweeps import Sweeps


class Keeping:
    """Housekeeping that answers as a test says: a value, or an error to raise."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "reap": Reaped(),
            "top_up": ((), {}),
            "erase_due": Erased(),
            "expire_results": Kept(),
            "erase_prompts": Kept(),
            "forget": Kept(),
            "settle_erased": None,
        }
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[[], Any]:
        def answer() -> Any:
            self.calls.append(name)
            if isinstance(self.answers[name], Exception):
                raise self.answers[name]
            return self.answers[name]

        return answer


class World:
    def __init__(self) -> None:
        self.keeping: Any = Keeping()
        self.now = 0.0
        self.registry = CollectorRegistry()
        self.sweeps = Sweeps(cast(Any, self.keeping), RelayMetrics(self.registry), clock=lambda: self.now)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def world() -> World:
    return World()


def test_a_sweep_does_every_duty_in_order(world: World) -> None:
    world.sweeps.sweep()

    assert world.keeping.calls == [
        "reap",
        "top_up",
        "erase_due",
        "expire_results",
        "erase_prompts",
        "forget",
        "settle_erased",
    ]
    assert world.sweeps.troubles == {}


@pytest.mark.parametrize("error", [RedisUnavailable("away"), DatabaseUnavailable("away"), KeyError("a bug")])
def test_trouble_with_one_duty_holds_up_no_other_and_passes(world: World, error: Exception) -> None:
    good = world.keeping.answers["top_up"]
    world.keeping.answers["top_up"] = error
    world.sweeps.sweep()
    world.sweeps.sweep()

    assert list(world.sweeps.troubles) == ["tickets"]
    assert world.keeping.calls.count("erase_due") == 2

    world.keeping.answers["top_up"] = good
    world.sweeps.sweep()
    assert world.sweeps.troubles == {}


def test_retention_is_looked_at_now_and_then(world: World) -> None:
    for _ in range(25):
        world.sweeps.sweep()
        world.now += 1

    assert world.keeping.calls.count("expire_results") == 3
    assert world.keeping.calls.count("reap") == 25


def test_a_full_batch_of_expired_results_is_followed_by_the_next(world: World) -> None:
    world.keeping.answers["expire_results"] = Kept(100, more=True)
    world.sweeps.sweep()
    world.sweeps.sweep()

    assert world.keeping.calls.count("expire_results") == 2


def test_the_queue_is_shown(world: World) -> None:
    world.keeping.answers["top_up"] = (
        (PoolBacklog("text", due=7, free=2, oldest_due_at=1_000),),
        {"text": 2},
    )
    world.keeping.answers["reap"] = Reaped(requeued=("a", "b"), expired=("c",))
    world.keeping.answers["erase_due"] = Erased(done=4, failed=1)
    world.sweeps.sweep()

    assert world.value("pressroom_jobs_due", pool="text") == 7
    assert world.value("pressroom_slots_free", pool="text") == 2
    assert (world.value("pressroom_oldest_due_seconds", pool="text") or 0) > 0
    assert world.value("pressroom_tickets_sent_total", pool="text") == 2
    assert world.value("pressroom_reaped_total", to="requeued") == 2
    assert world.value("pressroom_reaped_total", to="expired") == 1
    assert world.value("pressroom_erasures_done_total") == 4


def test_rows_are_let_in_before_tickets_are_counted_and_are_told(world: World) -> None:
    def keep() -> BatchSweep:
        world.keeping.calls.append("batches")
        return BatchSweep(released=7, ended=2)

    sweeps = Sweeps(cast(Any, world.keeping), RelayMetrics(CollectorRegistry()), batches=keep)
    sweeps.sweep()
    assert world.keeping.calls[:3] == ["reap", "batches", "top_up"]


def test_trouble_with_batches_holds_up_no_other_duty(world: World) -> None:
    def keep() -> BatchSweep:
        raise DatabaseUnavailable("away")

    registry = CollectorRegistry()
    sweeps = Sweeps(cast(Any, world.keeping), RelayMetrics(registry), batches=keep)
    sweeps.sweep()
    assert sweeps.troubles == {"batches": "away"}
    assert "top_up" in world.keeping.calls


def test_the_counters_of_batches_grow(world: World) -> None:
    registry = CollectorRegistry()
    sweeps = Sweeps(
        cast(Any, world.keeping), RelayMetrics(registry), batches=lambda: BatchSweep(released=7, ended=2)
    )
    sweeps.sweep()
    sweeps.sweep()
    assert registry.get_sample_value("pressroom_batch_rows_released_total") == 14
    assert registry.get_sample_value("pressroom_batches_ended_total") == 4


def test_the_queue_is_measured_now_and_then_and_again_after_a_failure() -> None:
    measured: list[float] = []
    now = [0.0]

    def measure() -> None:
        measured.append(now[0])
        if len(measured) == 2:
            raise DatabaseUnavailable("away")

    sweeps = Sweeps(
        cast(Any, Keeping()), RelayMetrics(CollectorRegistry()), measure=measure, clock=lambda: now[0]
    )
    for now[0] in (0.0, 4.0, 5.0, 6.0, 7.0):
        sweeps.sweep()
    assert measured == [0.0, 5.0, 6.0]
