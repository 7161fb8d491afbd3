"""The reaper: jobs whose worker fell silent go back or end, and deadlines that passed are kept."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, or_, select, update

from pressroom.adapters.patience import Patience
from pressroom.adapters.sql.clock import Now
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.endings import charged, note_end
from pressroom.adapters.sql.leases import attempt_facts, end_job, requeue
from pressroom.adapters.sql.rows import JobRow, kept_until
from pressroom.adapters.sql.steps import StepWatch, make_up_for_steps
from pressroom.adapters.sql.tables import OPEN, QUEUED, RUNNING, job, worker
from pressroom.adapters.sql.workers import FORGOTTEN_MS
from pressroom.domain.ending import NEVER_RAN, TOO_LATE, WORKER_LOST, next_state
from pressroom.domain.job import Completion, Usage
from pressroom.domain.retry import Budget, Failure, RetryPolicy
from pressroom.domain.states import Actor, State, check_transition
from pressroom.jobs.ports import Reaped


def reap(
    database: Database,
    patience: Patience,
    watch: StepWatch,
    policy: RetryPolicy,
    *,
    limit: int,
    grace_ms: int,
    longest_erasure_ms: int,
) -> Reaped:
    """See ``JobStore.reap``. A running job fails when its deadline passed ``grace_ms`` ago; ``longest_erasure_ms``: how
    long an erasure waits at most."""
    step = make_up_for_steps(
        database, watch, longest_wait_ms=policy.last_delay_ms, longest_erasure_ms=longest_erasure_ms
    )
    if step.lease > 0:
        patience.hold()
    leases = patience.reaps_leases()

    def look(connection: Connection) -> tuple[bool, bool]:
        now = database.now(connection)
        kinds = [_expired(now, 1), _overdue(now, grace_ms, 1)] + ([_lapsed(now, 1)] if leases else [])
        something = any(connection.execute(kind).first() is not None for kind in kinds)
        stale = connection.scalar(select(exists().where(_forgotten(now))))
        return something, bool(stale)

    def move(connection: Connection) -> Reaped:
        seen = watch.look(database, connection)
        if seen.step:
            # Between two looks: the next sweep makes up for it first.
            return Reaped()
        now = seen.now
        moved: dict[State, list[str]] = {state: [] for state in State}
        if leases:
            for row in connection.execute(_held(_lapsed(now, limit))).all():
                moved[_end_attempt(connection, row, now, policy)].append(row.id)
        for row in connection.execute(_held(_overdue(now, grace_ms, limit))).all():
            moved[_end(connection, row, now, TOO_LATE, policy)].append(row.id)
        for row in connection.execute(_held(_expired(now, limit))).all():
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
    )


def _held(found: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The same, locked for whoever moves them; what others hold is left to them."""
    return found.with_for_update(skip_locked=True)


def _forgotten(now: Now) -> ColumnElement[bool]:
    return worker.c.seen_at < now.wall - FORGOTTEN_MS


def _end_attempt(connection: Connection, row: JobRow, now: Now, policy: RetryPolicy) -> State:
    """End an attempt whose worker fell silent: there is no point in another after the deadline."""
    return _end(connection, row, now, TOO_LATE if row.deadline_at <= now.wall else WORKER_LOST, policy)


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
            **kept_until(row, now.wall),
            finish_reason="expired",
            error_code=TOO_LATE.code,
            error_message=NEVER_RAN,
            **charged(row),
        )
    )
    note_end(
        connection,
        row,
        State.EXPIRED,
        now.wall,
        finish_reason="expired",
        error_code=TOO_LATE.code,
        error_message=NEVER_RAN,
    )
