"""A clock that is set, forward or back, by hours: no job ends of it, none stands still, none runs twice.

The clock is the test's. On SQLite it tells no leases; the server's clock of PostgreSQL tells them too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, card, failure, partial, success

from pressroom.adapters.sql import steps
from pressroom.adapters.sql.clock import Now
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.steps import StepWatch
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.webhooks import SqlWebhookStore
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.states import State
from pressroom.domain.webhooks import Attempt, Endpoint, SealedSecret
from pressroom.jobs.ports import Reaped
from pressroom.jobs.webhook_ports import Outcome

POLICY = RetryPolicy()
HOUR_MS = 3_600_000


@dataclass
class Host(Timepiece):
    """``set_by`` moves what an operator can move; time itself goes on by ``pass_ms``."""

    server: bool = False

    def __call__(self, connection: Connection | None = None) -> Now:
        if self.server:
            return Now(self.wall, self.wall, "server")
        return Now(self.wall, self.since_boot, self.boot)

    def set_by(self, milliseconds: int) -> None:
        self.wall += milliseconds


@pytest.fixture
def clock(url: str) -> Host:
    return Host(server=url.startswith("postgresql"))


@pytest.fixture
def database(url: str, clock: Host) -> Iterator[Database]:
    opened = Database(open_engine(url), clock)
    yield opened
    opened.close()


@pytest.fixture
def desk(database: Database, clock: Host) -> Desk:
    return Desk(_store(database, clock))


def _store(database: Database, clock: Host) -> SqlJobStore:
    return SqlJobStore(database, lease_ms=LEASE_MS, seconds=clock.seconds)


def _sweep(desk: Desk, clock: Host, seconds: int) -> list[Reaped]:
    """A sweep a second; what they did."""
    done = []
    for _ in range(seconds):
        clock.pass_ms(1_000)
        done.append(desk.store.reap(POLICY))
    return [reaped for reaped in done if reaped != Reaped()]


def test_set_forward_past_its_deadline_a_queued_job_is_not_expired(desk: Desk, clock: Host) -> None:
    jobs = [desk.submit(deadline_s=600) for _ in range(3)]
    assert _sweep(desk, clock, 2) == []
    clock.set_by(5 * HOUR_MS)
    after = desk.submit(deadline_s=600)
    assert _sweep(desk, clock, 2) == []
    assert len(desk.claim(limit=9)) == 4, "all of them are claimed"
    deadlines = [desk.store.job("acme", job.id).deadline_at for job in (*jobs, after)]
    now = clock.wall
    # What was left of the ten minutes is left, to within the second of a sweep.
    assert all(595_000 <= deadline - now <= 600_000 for deadline in deadlines), deadlines


def test_its_deadline_is_kept_all_the_same(desk: Desk, clock: Host) -> None:
    job = desk.submit(deadline_s=600)
    assert _sweep(desk, clock, 10) == []
    clock.set_by(5 * HOUR_MS)
    assert _sweep(desk, clock, 589) == []
    assert _sweep(desk, clock, 2) == [Reaped(expired=(job.id,))]


def test_in_more_than_one_transaction(desk: Desk, clock: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_BATCH", 2)
    for _ in range(5):
        desk.submit(deadline_s=600)
    assert _sweep(desk, clock, 1) == []
    clock.set_by(HOUR_MS)
    assert _sweep(desk, clock, 590) == []
    assert len(_sweep(desk, clock, 15)[0].expired) == 5


def test_set_forward_a_running_job_keeps_its_worker(desk: Desk, clock: Host) -> None:
    alive, dead = desk.running(deadline_s=600), desk.running(deadline_s=600)
    assert _sweep(desk, clock, 2) == []
    clock.set_by(5 * HOUR_MS)
    assert _sweep(desk, clock, 10) == [], "nobody had the time to renew"
    assert desk.store.renew("worker-1", [alive.held], LEASE_MS).lost == frozenset()
    assert _sweep(desk, clock, 55) == [Reaped(requeued=(dead.job.id,))], "the dead are found all the same"
    assert desk.store.complete(alive.held, success())


def test_set_back_a_queued_job_is_claimed_at_once(desk: Desk, clock: Host) -> None:
    job = desk.submit()
    assert _sweep(desk, clock, 1) == []
    clock.set_by(-5 * HOUR_MS)
    assert _sweep(desk, clock, 1) == []
    (claim,) = desk.claim()
    assert claim.job.id == job.id


def test_set_back_before_any_relay_saw_it(database: Database, desk: Desk, clock: Host) -> None:
    """It is seen in the rows."""
    desk.submit()
    clock.set_by(-5 * HOUR_MS)
    _store(database, clock).reap(POLICY)
    assert len(desk.claim()) == 1


def test_a_pause_before_another_try_is_no_step(desk: Desk, clock: Host) -> None:
    claim = desk.running()
    desk.store.release(claim.held, failure(), partial(), RetryPolicy(first_delay_ms=60_000))
    assert _sweep(desk, clock, 59) == []
    assert desk.claim() == []
    assert _sweep(desk, clock, 1) == []
    assert len(desk.claim()) == 1


def test_set_back_a_dead_workers_job_is_found_within_a_lease(desk: Desk, clock: Host) -> None:
    dead = desk.running()
    assert _sweep(desk, clock, 1) == []
    clock.set_by(-5 * HOUR_MS)
    assert _sweep(desk, clock, LEASE_MS // 1_000 + 2) == [Reaped(requeued=(dead.job.id,))]


def test_set_back_a_dead_worker_does_not_look_alive(desk: Desk, clock: Host) -> None:
    desk.store.announce(card())
    assert _sweep(desk, clock, 1) == []
    clock.set_by(-5 * HOUR_MS)
    assert _sweep(desk, clock, 1) == []
    assert desk.store.live_workers() == ()
    desk.store.announce(card())
    assert _sweep(desk, clock, 1) == []
    assert len(desk.store.live_workers()) == 1


def _due(desk: Desk, clock: Host) -> int:
    """Erasures that are due now; they are done then."""
    due = desk.store.due_erasures()
    desk.store.erasures_done(due)
    return len(due)


@pytest.mark.parametrize("hours", [1, 6, 24 * 365])
def test_what_was_erased_by_a_clock_ahead_is_removed_when_it_is_set_right(
    desk: Desk, clock: Host, hours: int
) -> None:
    """While the clock stood ahead nothing could be removed outside of the database."""
    _sweep(desk, clock, 1)
    clock.set_by(hours * HOUR_MS)
    _sweep(desk, clock, 1)
    desk.store.erase("acme", desk.submit().id)
    clock.set_by(-hours * HOUR_MS)
    assert _due(desk, clock) == 0
    _sweep(desk, clock, 1)
    assert _due(desk, clock) == 1
    _sweep(desk, clock, LEASE_MS // 1_000 - 2)
    assert _due(desk, clock) == 0, "what a worker may still write is removed a lease later"
    _sweep(desk, clock, 4)
    assert _due(desk, clock) == 1


def test_it_is_also_removed_where_no_relay_saw_the_clock_ahead(
    database: Database, desk: Desk, clock: Host
) -> None:
    clock.set_by(3 * HOUR_MS)
    desk.store.erase("acme", desk.submit().id)
    clock.set_by(-3 * HOUR_MS)
    _store(database, clock).reap(POLICY)
    assert _due(desk, clock) == 1


def test_one_that_was_put_off_by_a_clock_ahead_waits_no_longer_than_it_should(
    desk: Desk, clock: Host
) -> None:
    _sweep(desk, clock, 1)
    desk.store.erase("acme", desk.submit().id)
    first = desk.store.due_erasures()
    clock.set_by(5 * HOUR_MS)
    _sweep(desk, clock, 1)
    desk.store.put_off_erasures(first, 30_000)
    clock.set_by(-5 * HOUR_MS)
    _sweep(desk, clock, 1)
    assert [each.id for each in desk.store.due_erasures()] == [each.id for each in first]


def test_an_erasure_that_waits_for_a_lease_is_no_sign_of_a_step(desk: Desk, clock: Host) -> None:
    desk.store.erase("acme", desk.submit().id)
    assert _due(desk, clock) == 1
    _sweep(desk, clock, LEASE_MS // 1_000 - 2)
    assert _due(desk, clock) == 0
    _sweep(desk, clock, 4)
    assert _due(desk, clock) == 1


def test_there_and_back_again_under_work(desk: Desk, clock: Host) -> None:
    running, queued = desk.running(deadline_s=600), desk.submit(deadline_s=600)
    assert _sweep(desk, clock, 1) == []
    for step in (3, -3, -4, 4):
        clock.set_by(step * HOUR_MS)
        desk.store.renew("worker-1", [running.held], LEASE_MS)
        assert _sweep(desk, clock, 5) == []
    assert desk.store.complete(running.held, success())
    (claim,) = desk.claim()
    assert (claim.job.id, claim.attempt) == (queued.id, 1)
    assert desk.store.complete(claim.held, success())
    assert {desk.store.job("acme", job_id).state for job_id in (running.job.id, queued.id)} == {
        State.SUCCEEDED
    }


def test_a_step_between_two_looks_of_a_sweep_expires_what_was_late_alone(
    database: Database, desk: Desk, clock: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One job is due to be expired, so that the sweep writes; the clock is set right before."""
    late, other = desk.submit(deadline_s=1), desk.submit(deadline_s=600)
    desk.store.reap(POLICY)
    clock.pass_ms(1_000)
    write = database.write

    def set_and_write(unit: object) -> object:
        clock.set_by(HOUR_MS)
        monkeypatch.setattr(database, "write", write)
        return write(unit)  # type: ignore[arg-type]

    monkeypatch.setattr(database, "write", set_and_write)
    assert desk.store.reap(POLICY) == Reaped()
    assert _sweep(desk, clock, 1) == [Reaped(expired=(late.id,))], "and it was late by any clock"
    assert desk.store.job("acme", other.id).state is State.QUEUED


def test_a_clock_that_is_slewed_was_not_set(database: Database, clock: Host) -> None:
    watch = StepWatch(clock.seconds)
    for drift in (4_000, -4_000, 5_000, -5_000, 0):
        clock.pass_ms(60_000)
        clock.set_by(drift)
        seen = database.read(lambda connection: watch.look(database, connection))
        assert not seen.step
        watch.made_up_for(seen)


def test_a_slow_answer_is_no_step(database: Database, clock: Host) -> None:
    """It was read at some moment between question and answer."""
    moments = iter([0.0, 0.0, 1.0, 21.0, 22.0, 22.0])
    watch = StepWatch(lambda: next(moments))
    looks = []
    for _ in range(3):
        looks.append(database.read(lambda connection: watch.look(database, connection)))
        clock.pass_ms(1_000)
    assert [bool(seen.step) for seen in looks] == [False, False, True], "22 s, and the clock told of 2"


@dataclass
class Told:
    """Jobs of a tenant whose endpoint is told of their ends."""

    desk: Desk
    webhooks: SqlWebhookStore

    def end_one(self) -> None:
        self.desk.store.cancel("acme", self.desk.submit().id)

    def due(self) -> list[str]:
        return [route.name for route in self.webhooks.routes() if route.due and not route.resting]

    def fail_one(self, retry_in_ms: int) -> None:
        (route,) = self.webhooks.routes()
        (taken,) = self.webhooks.take({route.name: 1}, 30_000)
        tried = Attempt(at=0, ms=1, status=500, error=None)
        self.webhooks.settle(taken, Outcome(tried, delivered=False, retry_in_ms=retry_in_ms))


@pytest.fixture
def told(desk: Desk, database: Database, clock: Host) -> Told:
    webhooks = SqlWebhookStore(database)
    now = webhooks.now()
    secret = SealedSecret("sealed", now)
    endpoint = Endpoint("whe_1", "acme", "https://example.org/", "", None, (secret,), True, now, now)
    desk.submit()  # makes the tenant
    webhooks.add(endpoint, 20)
    return Told(desk, webhooks)


def test_an_end_that_was_told_by_a_clock_ahead_is_sent_when_it_is_set_right(told: Told, clock: Host) -> None:
    assert _sweep(told.desk, clock, 1) == []
    clock.set_by(5 * HOUR_MS)
    assert _sweep(told.desk, clock, 1) == []
    told.end_one()
    clock.set_by(-5 * HOUR_MS)
    assert told.due() == []
    _sweep(told.desk, clock, 1)
    assert told.due() == ["whe_1"]


def test_one_that_waits_for_another_try_waits_no_longer_than_it_should(told: Told, clock: Host) -> None:
    told.end_one()
    clock.set_by(5 * HOUR_MS)
    told.fail_one(retry_in_ms=300_000)
    clock.set_by(-5 * HOUR_MS)
    # A relay that is new: it saw no step.
    fresh = Desk(_store(told.desk.store._database, clock))  # type: ignore[attr-defined]
    _sweep(fresh, clock, 1)
    assert told.due() == []
    clock.pass_ms(298_000)
    assert told.due() == []
    clock.pass_ms(3_000)
    assert told.due() == ["whe_1"]


def test_a_long_wait_that_was_asked_for_is_no_sign_of_a_step(told: Told, clock: Host) -> None:
    told.end_one()
    told.fail_one(retry_in_ms=24 * HOUR_MS)
    _sweep(told.desk, clock, 3)
    clock.set_by(-5 * HOUR_MS)
    _sweep(told.desk, clock, 3)
    clock.pass_ms(23 * HOUR_MS)
    assert told.due() == []
    clock.pass_ms(HOUR_MS)
    assert told.due() == ["whe_1"]


def test_an_endpoint_rests_no_longer_than_any_does(told: Told, clock: Host) -> None:
    clock.set_by(5 * HOUR_MS)
    for _ in range(5):
        told.end_one()
        told.fail_one(retry_in_ms=5_000)
    clock.set_by(-5 * HOUR_MS)
    _sweep(told.desk, clock, 1)
    clock.pass_ms(10_000)
    assert told.due() == ["whe_1"]
