"""A worker's life in this process: memory stores, a scripted engine, real tickets."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from tests.support.desk import Desk
from tests.support.jobs import MODEL, new_job
from tests.support.scripted import ScriptedEngine, done

from pressroom.adapters.celery.tickets import CeleryTickets
from pressroom.adapters.host.signals import StopSignals
from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.redis import MemoryEventLog, MemoryNudges, MemoryResultCache
from pressroom.bootstrap.worker import WorkerParts
from pressroom.catalog.manifest import Manifest
from pressroom.domain.errors import SchemaMismatch
from pressroom.domain.job import Completion, Held
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.engines.base import EngineUnavailable, Key
from pressroom.engines.fake.engine import FakeEngine, faults_by_words
from pressroom.jobs.judging import by_words
from pressroom.jobs.ports import QueueLimits
from pressroom.jobs.room import ENDLESS
from pressroom.settings import Settings
from pressroom.worker.process import EXIT_BROKEN, WorkerProcess

pytestmark = pytest.mark.redis

MANIFEST = Manifest(
    name=MODEL.name,
    version=MODEL.version,
    kind="text",
    title="Writer",
    description="Writes.",
    licence="Apache-2.0",
    origin="here",
    sha256=MODEL.sha256,
)


class World:
    """``run`` starts the worker in a thread; ``stop`` is the signal."""

    def __init__(self, redis_url: str, engine: Any, **settings: Any) -> None:
        self.redis_url = redis_url
        self.store = MemoryJobStore(lease_ms=60_000)
        self.front = Desk(self.store)
        self.signals = StopSignals()
        self.status: list[int] = []
        self.nudges = MemoryNudges()
        parts = WorkerParts(
            store=self.store,
            artifacts=MemoryArtifacts(),
            events=MemoryEventLog(),
            cache=MemoryResultCache(),
            redis_url=redis_url,
            room=ENDLESS,
            listen=self.nudges.listener,
            policy=RetryPolicy(),
            served=lambda: (MANIFEST,),
            open_engine=lambda: engine,
            likeness=by_words,
        )
        wanted: dict[str, Any] = {"redis_url": redis_url, "drain_s": 0.1, "poll_s": 0.05, **settings}
        self.process = WorkerProcess(Settings(**wanted), "text", parts, self.signals)
        self._thread = threading.Thread(target=lambda: self.status.append(self.process.run()), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, reason: str = "SIGTERM") -> int:
        self.signals.ask(reason)
        return self.exit_status()

    def exit_status(self) -> int:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.status[0]

    def state(self, job_id: str) -> State:
        return self.store.job("acme", job_id).state

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = monotonic() + 10
        while not holds():
            assert monotonic() < deadline
            threading.Event().wait(0.002)


Start = Callable[..., World]


@pytest.fixture
def start(redis_url: str) -> Iterator[Start]:
    worlds: list[World] = []

    def begin(engine: Any, **settings: Any) -> World:
        worlds.append(World(redis_url, engine, **settings))
        worlds[-1].start()
        return worlds[-1]

    yield begin
    for world in worlds:
        if world._thread.is_alive():
            world.stop()


def test_a_worker_works_and_leaves_nothing_behind(start: Start) -> None:
    world = start(FakeEngine(slots=4))
    jobs = [world.front.submit() for _ in range(10)]

    world.until(lambda: all(world.state(job.id) is State.SUCCEEDED for job in jobs))

    ((model, workers),) = world.store.live_models()
    assert (model.name, model.provider, workers) == (MODEL.name, "none", 1)
    assert world.stop() == 0
    assert world.store.live_models() == ()


def test_one_that_finds_no_memory_fails_alone_and_the_others_succeed_without_guilt(redis_url: str) -> None:
    engine = FakeEngine(slots=4, step_seconds=0.001, faults=faults_by_words)
    world = World(redis_url, engine)
    greedy = world.front.submit(input={"prompt": "<oom> Write."})
    others = [world.front.submit() for _ in range(6)]
    world.start()

    world.until(lambda: world.state(greedy.id) is State.FAILED)
    world.until(lambda: all(world.state(job.id) is State.SUCCEEDED for job in others))

    ended = world.store.job("acme", greedy.id)
    assert ended.error_code == "engine_out_of_memory"
    assert (ended.errors, ended.crashes) == (0, 0)
    assert all(world.store.job("acme", job.id).errors == 0 for job in others)
    assert max(world.store.job("acme", job.id).attempt for job in others) >= 2, "some were given back"
    assert engine.slots_now == 1
    assert world.process._card().slots == 1
    assert world.store.live_models() != (), "a narrow engine is no engine in trouble"
    assert world.stop() == 0


def test_a_ticket_makes_it_look(start: Start) -> None:
    world = start(FakeEngine(), poll_s=3_600)
    world.until(lambda: world.store.live_models() != ())
    job = world.front.submit()

    CeleryTickets(world.redis_url).send("text")

    world.until(lambda: world.state(job.id) is State.SUCCEEDED)


def test_a_broken_engine_gives_its_jobs_back_as_a_crash_and_ends_the_process(start: Start) -> None:
    world = start(ScriptedEngine([RuntimeError("the device is gone")]))
    job = world.front.submit()

    assert world.exit_status() == EXIT_BROKEN

    found = world.store.job("acme", job.id)
    assert (found.state, found.crashes, found.errors) == (State.QUEUED, 1, 0)


def test_what_left_the_engine_before_it_broke_is_still_stored(redis_url: str) -> None:
    engine = ScriptedEngine()
    world = World(redis_url, engine)
    first, second = world.front.submit(), world.front.submit()
    engine.script = [done(Key(first.id, 1)), RuntimeError("the device is gone")]
    slow, complete = threading.Event(), world.store.complete

    def complete_slowly(held: Held, completion: Completion) -> bool:
        assert slow.wait(10)
        return complete(held, completion)

    world.store.complete = complete_slowly  # type: ignore[method-assign]
    world.start()
    world.until(lambda: world.store.job("acme", second.id).crashes == 1)
    slow.set()

    assert world.exit_status() == EXIT_BROKEN
    found = world.store.job("acme", first.id)
    assert (found.state, found.attempt, found.crashes) == (State.SUCCEEDED, 1, 0)


def test_a_drain_gives_back_what_was_not_done_in_time(start: Start) -> None:
    world = start(FakeEngine(step_seconds=0.01))
    job = world.front.submit(params={"max_tokens": 4_000, "seed": 7})
    world.until(lambda: world.state(job.id) is State.RUNNING)
    waiting = world.store.submit(new_job(pool="elsewhere"), None, QueueLimits()).job

    assert world.stop() == 0

    found = world.store.job("acme", job.id)
    assert (found.state, found.errors, found.crashes, found.outputs) == (State.QUEUED, 0, 0, ())
    assert world.state(waiting.id) is State.QUEUED


def test_a_schema_that_does_not_fit_stops_it_before_the_engine_is_opened(redis_url: str) -> None:
    world = World(redis_url, ScriptedEngine())

    def mismatch() -> None:
        raise SchemaMismatch("migrate")

    world.store.check_schema = mismatch  # type: ignore[method-assign]

    with pytest.raises(SchemaMismatch):
        world.process.run()


def test_an_engine_that_cannot_be_opened_is_never_announced(redis_url: str) -> None:
    engine = ScriptedEngine()

    def fail() -> None:
        raise EngineUnavailable("no weights")

    engine.warm_up = fail  # type: ignore[method-assign]
    world = World(redis_url, engine)

    with pytest.raises(EngineUnavailable):
        world.process.run()
    assert world.store.live_models() == ()
