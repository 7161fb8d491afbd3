"""The reaper: jobs whose worker fell silent go back or end, and deadlines that passed are kept.

After the database was away, every lease may have run out although its worker lives: nobody could
renew. So when the time since the last sweep that worked is suspiciously long, leases are left alone
for one lease. The first sweep of a process waits for nothing.
"""

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, or_, select, update

from pressroom.adapters.sql.clock import Now
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.leases import attempt_facts, end_job, requeue
from pressroom.adapters.sql.rows import JobRow
from pressroom.adapters.sql.tables import OPEN, QUEUED, RUNNING, job, worker
from pressroom.adapters.sql.workers import FORGOTTEN_MS
from pressroom.domain.ending import next_state
from pressroom.domain.job import Completion, Usage
from pressroom.domain.retry import Budget, Failure, FailureKind, RetryPolicy
from pressroom.domain.states import Actor, State, check_transition
from pressroom.jobs.ports import Reaped

_CRASHED = Failure(
    FailureKind.CRASH,
    "worker_lost",
    "The worker that ran this job fell silent, alone with it; the job is not tried again.",
)
_TOO_LATE = Failure(
    FailureKind.DEADLINE, "deadline_exceeded", "The deadline of this job passed before it was done."
)
_NEVER_RAN = "The deadline of this job passed while it was queued."


class Patience:
    """Decides whether leases may be reaped now. Thread-safe."""

    def __init__(self, lease_ms: int, sweep_ms: int, seconds: Callable[[], float]) -> None:
        self._hold_s = lease_ms / 1000
        self._gap_s = max(lease_ms / 2, 3 * sweep_ms) / 1000
        self._seconds = seconds
        self._lock = threading.Lock()
        self._swept_at: float | None = None
        self._hold_until = float("-inf")

    def reaps_leases(self) -> bool:
        """Ask before a sweep."""
        now = self._seconds()
        with self._lock:
            if self._swept_at is not None and now - self._swept_at > self._gap_s:
                self._hold_until = now + self._hold_s
                self._swept_at = now
            return now >= self._hold_until

    def swept(self) -> None:
        """Tell after a sweep that reached the database."""
        with self._lock:
            self._swept_at = self._seconds()


def reap(database: Database, patience: Patience, policy: RetryPolicy, limit: int, grace_ms: int) -> Reaped:
    """See ``JobStore.reap``. A running job fails when its deadline passed ``grace_ms`` ago."""
    leases = patience.reaps_leases()

    def look(connection: Connection) -> tuple[bool, bool]:
        now = database.now(connection)
        kinds = [_expired(now, 1), _overdue(now, grace_ms, 1)] + ([_lapsed(now, 1)] if leases else [])
        something = any(connection.execute(kind).first() is not None for kind in kinds)
        stale = connection.scalar(select(exists().where(_forgotten(now))))
        return something, bool(stale)

    def move(connection: Connection) -> Reaped:
        now = database.now(connection)
        moved: dict[State, list[str]] = {state: [] for state in State}
        if leases:
            for row in connection.execute(_lapsed(now, limit)).all():
                moved[_end_attempt(connection, row, now, policy)].append(row.id)
        for row in connection.execute(_overdue(now, grace_ms, limit)).all():
            moved[_end(connection, row, now, _TOO_LATE, policy)].append(row.id)
        for row in connection.execute(_expired(now, limit)).all():
            _expire(connection, row, now)
            moved[State.EXPIRED].append(row.id)
        return Reaped(
            requeued=tuple(moved[State.QUEUED]),
            failed=tuple(moved[State.FAILED]),
            canceled=tuple(moved[State.CANCELED]),
            expired=tuple(moved[State.EXPIRED]),
        )

    something, stale = database.read(look)
    reaped = database.write(move) if something else Reaped()
    if stale:
        database.write(
            lambda connection: connection.execute(delete(worker).where(_forgotten(database.now(connection))))
        )
    patience.swept()
    return reaped


def _lapsed(now: Now, limit: int) -> Select[*tuple[Any, ...]]:
    """Running jobs whose lease ran out, or counts from another boot of the host."""
    return (
        select(*attempt_facts())
        .where(RUNNING, or_(job.c.lease_until <= now.lease, job.c.lease_clock != now.lease_clock))
        .order_by(job.c.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _overdue(now: Now, grace_ms: int, limit: int) -> Select[*tuple[Any, ...]]:
    """Running jobs that their worker should have ended long ago."""
    return _past_deadline(RUNNING, now.wall - grace_ms, limit)


def _expired(now: Now, limit: int) -> Select[*tuple[Any, ...]]:
    """Queued jobs that nobody may run any more."""
    return _past_deadline(QUEUED, now.wall, limit)


def _past_deadline(state: ColumnElement[bool], moment: int, limit: int) -> Select[*tuple[Any, ...]]:
    return (
        select(*attempt_facts())
        .where(OPEN, state, job.c.deadline_at <= moment)
        .order_by(job.c.deadline_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _forgotten(now: Now) -> ColumnElement[bool]:
    return worker.c.seen_at < now.wall - FORGOTTEN_MS


def _end_attempt(connection: Connection, row: JobRow, now: Now, policy: RetryPolicy) -> State:
    """End an attempt whose worker fell silent: there is no point in another after the deadline."""
    return _end(connection, row, now, _TOO_LATE if row.deadline_at <= now.wall else _CRASHED, policy)


def _end(connection: Connection, row: JobRow, now: Now, failure: Failure, policy: RetryPolicy) -> State:
    after = next_state(
        failure,
        Budget(row.errors, row.crashes),
        ran_alone=row.alone,
        cancel_requested=row.cancel_requested,
        policy=policy,
    )
    check_transition(State.RUNNING, after.state, Actor.REAPER)
    if after.state is State.QUEUED:
        requeue(connection, row, after, now, usage=None)
        return after.state
    reason = "canceled" if after.state is State.CANCELED else (after.code or failure.code)
    end_job(
        connection,
        row,
        after.state,
        now,
        Completion(after.state, reason, (), Usage()),
        code=after.code,
        message=after.message,
        budget=after.budget,
        settled=False,
    )
    return after.state


def _expire(connection: Connection, row: JobRow, now: Now) -> None:
    check_transition(State.QUEUED, State.EXPIRED, Actor.RELAY)
    connection.execute(
        update(job)
        .where(job.c.id == row.id)
        .values(
            state=State.EXPIRED.value,
            finished_at=now.wall,
            expires_at=now.wall + row.result_ttl_s * 1000,
            finish_reason="expired",
            error_code=_TOO_LATE.code,
            error_message=_NEVER_RAN,
        )
    )
