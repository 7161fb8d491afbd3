"""Time by the database's own clock, and leases that no operator's hand on the clock moves."""

import time

import pytest
from sqlalchemy import Connection
from tests.support.desk import Desk
from tests.support.jobs import LEASE_MS, Timepiece, success

from pressroom.adapters.sql.clock import HostClock, Now
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.engine import open_engine
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.domain.retry import RetryPolicy
from pressroom.jobs.ports import Reaped

POLICY = RetryPolicy()


def test_times_are_the_present(desk: Desk) -> None:
    claim = desk.running()
    assert desk.store.complete(claim.held, success())
    job = desk.store.job("acme", claim.job.id)
    moments = [job.created_at, job.claimed_at or 0, job.finished_at or 0]
    assert moments == sorted(moments)
    assert abs(moments[0] - time.time() * 1000) < 60_000


def test_a_lease_runs_out_by_itself(desk: Desk) -> None:
    job = desk.submit()
    desk.claim(lease_ms=1)
    deadline = time.monotonic() + 10
    while (reaped := desk.store.reap(POLICY)) == Reaped():
        assert time.monotonic() < deadline
    assert reaped.requeued == (job.id,)


@pytest.mark.postgres
def test_the_servers_clock_does_not_stand_still_in_a_transaction(postgres_url: str) -> None:
    database = Database(open_engine(postgres_url))

    def unit(connection: Connection) -> tuple[Now, Now]:
        first = database.now(connection)
        while (second := database.now(connection)) == first:
            pass
        return first, second

    first, second = database.write(unit)
    assert second.lease > first.lease
    assert first.lease_clock == second.lease_clock
    database.close()


@pytest.fixture
def clock() -> Timepiece:
    return Timepiece()


@pytest.fixture
def store(sqlite_url: str, clock: Timepiece) -> SqlJobStore:
    return SqlJobStore(Database(open_engine(sqlite_url), clock), lease_ms=LEASE_MS, seconds=clock.seconds)


def test_a_stepped_wall_clock_moves_no_lease(store: SqlJobStore, clock: Timepiece) -> None:
    claim = Desk(store).running(deadline_s=10**8)
    for step in (1_000, -2_000, 3_000):
        clock.wall += step * LEASE_MS
        clock.since_boot += LEASE_MS // 4
        assert store.reap(POLICY) == Reaped()
    clock.wall -= 5_000 * LEASE_MS
    clock.since_boot += LEASE_MS // 4
    assert store.reap(POLICY).requeued == (claim.job.id,)


def test_a_lease_of_another_boot_has_run_out(store: SqlJobStore, clock: Timepiece) -> None:
    claim = Desk(store).running()
    clock.boot, clock.since_boot = "boot-2", 10_000
    assert store.reap(POLICY) == Reaped(requeued=(claim.job.id,))


def test_two_processes_of_a_host_read_one_lease_clock(sqlite_url: str) -> None:
    database = Database(open_engine(sqlite_url))
    one, other = database.read(HostClock()), database.read(HostClock())
    assert one.lease_clock == other.lease_clock
    assert 0 <= other.lease - one.lease < 60_000
    database.close()
