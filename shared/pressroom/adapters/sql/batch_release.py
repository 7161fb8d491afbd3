"""A batch on its way: its rows become jobs, its jobs are called back, its end is found.

Whoever moves a batch locks its row first, then jobs with SKIP LOCKED, then at most lanes; nobody
locks a batch while holding anything else. Two relays that meet leave each other's batch alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, bindparam, func, or_, select, update

from pressroom.adapters.refusals import batch_canceled, batch_not_received
from pressroom.adapters.sql.batch_rows import jobs_of, locked_batch, select_batches, to_batch
from pressroom.adapters.sql.batch_tables import UNFINISHED, WAITING, batch, batch_row
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.endings import ending_facts
from pressroom.adapters.sql.holds import Holding, hold
from pressroom.adapters.sql.rows import JobRow, select_jobs
from pressroom.adapters.sql.submitting import count_queued, insert_jobs
from pressroom.adapters.sql.tables import job
from pressroom.adapters.sql.webhook_outbox import tell_batch
from pressroom.adapters.sql.withdrawing import cancel_row, erase_facts, erase_row
from pressroom.domain.batch import BatchState
from pressroom.domain.errors import BudgetSpent, TokensSpent
from pressroom.domain.job import NewJob
from pressroom.domain.messages import EndedBatch
from pressroom.domain.states import State
from pressroom.jobs.batch_ports import Unfinished
from pressroom.jobs.ports import QueueLimits

T = TypeVar("T")

_OPEN = (State.QUEUED.value, State.RUNNING.value)
_BECOMES = (
    update(batch_row)
    .where(batch_row.c.batch_id == bindparam("of_batch"), batch_row.c.n == bindparam("of_row"))
    .values(request=None, job_id=bindparam("as_job"))
)
_REFUSED = (
    update(batch_row)
    .where(batch_row.c.batch_id == bindparam("of_batch"), batch_row.c.n == bindparam("of_row"))
    .values(request=None, error_code=bindparam("as_code"), error_message=bindparam("as_message"))
)
_WAITS_AGAIN = (
    update(batch_row)
    .where(batch_row.c.batch_id == bindparam("of_batch"), batch_row.c.n == bindparam("of_row"))
    .values(request=bindparam("as_request"), job_id=None)
)


def unfinished(database: Database, limit: int) -> tuple[Unfinished, ...]:
    """See ``BatchStore.unfinished``."""
    queued = (
        select(func.count())
        .select_from(job)
        .where(job.c.batch == batch.c.id, job.c.state == State.QUEUED.value)
        .correlate(batch)
        .scalar_subquery()
    )
    running = (
        select(job.c.batch)
        .where(job.c.batch == batch.c.id, job.c.state == State.RUNNING.value)
        .correlate(batch)
        .limit(1)
        .scalar_subquery()
    )
    wanted = (
        select_batches()
        .add_columns(queued.label("queued"), running.label("one_running"))
        .where(UNFINISHED)
        .order_by(batch.c.created_at)
        .limit(limit)
    )

    def look(connection: Connection) -> tuple[Unfinished, ...]:
        now = database.now(connection).wall
        return tuple(
            Unfinished(
                id=row.id,
                tenant=row.tenant,
                state=BatchState(row.state),
                age_ms=now - row.created_at,
                unreleased=row.rows - row.refused - row.released,
                queued=row.queued,
                open=bool(row.queued) or row.one_running is not None,
                erased=row.erased_at is not None,
            )
            for row in connection.execute(wanted)
        )

    return database.read(look)


def release(database: Database, batch_id: str, most: int, limits: QueueLimits) -> int:
    """See ``BatchStore.release``."""

    def move(connection: Connection, of: JobRow) -> int:
        rows = connection.execute(
            select(batch_row.c.n, batch_row.c.request)
            .where(batch_row.c.batch_id == batch_id, WAITING)
            .order_by(batch_row.c.n)
            .limit(most)
        ).all()
        now = database.now(connection).wall
        afforded = _afforded(connection, _that_fit(connection, jobs_of(of, rows), limits), now)
        if afforded.refused:
            connection.execute(_REFUSED, afforded.refused)
            more = len(afforded.refused)
            connection.execute(
                update(batch).where(batch.c.id == batch_id).values(refused=batch.c.refused + more)
            )
        if afforded.jobs:
            insert_jobs(connection, afforded.jobs, now)
            ids = [
                {"of_batch": batch_id, "of_row": new.batch_row, "as_job": new.id} for new, _ in afforded.jobs
            ]
            connection.execute(_BECOMES, ids)
            _count_released(connection, batch_id, len(ids))
        return len(afforded.jobs)

    return database.write(_of_batch(batch_id, (BatchState.RUNNING,), move)) or 0


def settle(database: Database, batch_id: str) -> bool:
    """See ``BatchStore.settle``."""

    def move(connection: Connection, of: JobRow) -> bool:
        waits = of.state == BatchState.RUNNING.value and of.rows > of.refused + of.released
        is_open = select(job.c.id).where(job.c.batch == batch_id, job.c.state.in_(_OPEN)).limit(1)
        if waits or connection.execute(is_open).first() is not None:
            return False
        now = database.now(connection).wall
        state = BatchState.FINISHED.value if of.state == BatchState.RUNNING.value else of.state
        connection.execute(
            update(batch)
            .where(batch.c.id == batch_id)
            .values(state=state, finished_at=now, expires_at=now + of.result_ttl_s * 1000)
        )
        tell_batch(connection, of.tenant, EndedBatch.of(to_batch(of), now))
        return True

    return bool(database.write(_of_batch(batch_id, (BatchState.RUNNING, BatchState.CANCELED), move)))


def cancel(database: Database, tenant: str, batch_id: str) -> None:
    """See ``BatchStore.cancel``."""

    def move(connection: Connection) -> None:
        found = locked_batch(connection, tenant, batch_id)
        if found.state not in (BatchState.RECEIVING, BatchState.RUNNING):
            return
        now = database.now(connection).wall
        changes: dict[str, Any] = {"state": BatchState.CANCELED.value, "canceled_at": now}
        if found.state is BatchState.RECEIVING:
            # What comes of it still is refused; its key is free for the body that will be whole.
            changes |= {"erased_at": now, "idempotency_key": None}
        connection.execute(update(batch).where(batch.c.id == batch_id).values(changes))

    database.write(move)


def withdraw(database: Database, batch_id: str, limit: int) -> int:
    """See ``BatchStore.withdraw``."""

    def move(connection: Connection, of: JobRow) -> int:
        rows = connection.execute(
            select_jobs()
            .add_columns(*ending_facts())
            .where(
                job.c.batch == batch_id,
                or_(
                    job.c.state == State.QUEUED.value,
                    and_(job.c.state == State.RUNNING.value, ~job.c.cancel_requested),
                ),
            )
            .limit(limit)
            .with_for_update(skip_locked=True, of=job)
        ).all()
        for row in rows:
            cancel_row(database, connection, row)
        return len(rows)

    return database.write(_of_batch(batch_id, (BatchState.CANCELED,), move)) or 0


def retry(database: Database, tenant: str, batch_id: str, limit: int, lease_ms: int) -> int:
    """See ``BatchStore.retry``."""

    def move(connection: Connection) -> int:
        found = locked_batch(connection, tenant, batch_id)
        if found.state is BatchState.CANCELED:
            raise batch_canceled()
        if found.state is BatchState.RECEIVING:
            raise batch_not_received()
        rows = _failed(connection, batch_id, limit)
        if not rows:
            return 0
        connection.execute(
            _WAITS_AGAIN,
            [{"of_batch": batch_id, "of_row": row.batch_row, "as_request": _request(row)} for row in rows],
        )
        for row in rows:
            erase_row(database, connection, row, lease_ms)
        ids = [row.id for row in rows]
        connection.execute(update(job).where(job.c.id.in_(ids)).values(batch=None, batch_row=None))
        connection.execute(
            update(batch)
            .where(batch.c.id == batch_id)
            .values(state=BatchState.RUNNING.value, finished_at=None, expires_at=None)
        )
        _count_released(connection, batch_id, -len(rows))
        return len(rows)

    return database.write(move)


def _of_batch(
    batch_id: str, states: Sequence[BatchState], move: Callable[[Connection, JobRow], T]
) -> Callable[[Connection], T | None]:
    """``move`` under the lock of the batch; None where it is locked, erased or in another state."""

    def locked(connection: Connection) -> T | None:
        of = connection.execute(
            select_batches()
            .where(batch.c.id == batch_id, batch.c.state.in_([state.value for state in states]))
            .where(batch.c.erased_at.is_(None), batch.c.finished_at.is_(None))
            .with_for_update(skip_locked=True)
        ).one_or_none()
        return move(connection, of) if of is not None else None

    return locked


def _that_fit(connection: Connection, news: Sequence[NewJob], limits: QueueLimits) -> list[NewJob]:
    """The first of these jobs, until one comes whose lane or pool is half full, or the whole queue is."""
    if not news:
        return []
    lane, pool, total = (max(most // 2, 1) for most in (limits.lane, limits.pool, limits.total))
    in_all = total - count_queued(connection, None, None, limit=total)
    room: dict[str, int] = {}
    fit: list[NewJob] = []
    for new in news:
        if new.pool not in room:
            room[new.pool] = min(
                lane - count_queued(connection, new.pool, new.tenant, limit=lane),
                pool - count_queued(connection, new.pool, None, limit=pool),
            )
        if room[new.pool] <= 0 or len(fit) >= in_all:
            break
        room[new.pool] -= 1
        fit.append(new)
    return fit


@dataclass(frozen=True, slots=True)
class _Afforded:
    """Jobs that something is held for, and the rows that nothing ever can be held for."""

    jobs: list[tuple[NewJob, Holding]]
    refused: list[dict[str, Any]]


def _afforded(connection: Connection, news: Sequence[NewJob], now: int) -> _Afforded:
    """The first of these jobs, until one comes whose budget or day has no room now: it waits, and so do those
    behind it. One for which there is none even when all others have ended is refused, and passed over."""
    afforded = _Afforded([], [])
    for new in news:
        try:
            afforded.jobs.append((new, hold(connection, new, now)))
        except (BudgetSpent, TokensSpent) as error:
            if not error.for_good:
                break
            told = {"as_code": error.code, "as_message": error.message}
            afforded.refused.append({"of_batch": new.batch, "of_row": new.batch_row, **told})
    return afforded


def _count_released(connection: Connection, batch_id: str, more: int) -> None:
    connection.execute(update(batch).where(batch.c.id == batch_id).values(released=batch.c.released + more))


def _failed(connection: Connection, batch_id: str, limit: int) -> Sequence[JobRow]:
    """Jobs to be made anew, locked, with all that a request needs."""
    return connection.execute(
        erase_facts()
        .add_columns(
            job.c.batch_row,
            job.c.kind,
            job.c.pool,
            job.c.model_name,
            job.c.model_version,
            job.c.model_sha256,
            job.c.priority,
            job.c.input,
            job.c.params,
            job.c.metadata,
            job.c.created_at,
            job.c.deadline_at,
            job.c.result_ttl_s,
            job.c.prompt_ttl_s,
            job.c.events_ttl_s,
            job.c.meter,
        )
        .where(
            job.c.batch == batch_id,
            job.c.state.in_([State.FAILED.value, State.EXPIRED.value]),
            job.c.erased_at.is_(None),
            job.c.prompt_erased_at.is_(None),
        )
        .limit(limit)
        .with_for_update(skip_locked=True, of=job)
    ).all()


def _request(row: JobRow) -> dict[str, Any]:
    """What ``batch_row.request`` held before the row was this job."""
    made: dict[str, Any] = {
        "model": {"name": row.model_name, "version": row.model_version, "sha256": row.model_sha256},
        "kind": row.kind,
        "pool": row.pool,
        "priority": row.priority,
        "input": row.input,
        "params": row.params,
        "metadata": row.metadata,
        "deadline_s": (row.deadline_at - row.created_at) // 1000,
        "result_ttl_s": row.result_ttl_s,
    }
    said = {"prompt_ttl_s": row.prompt_ttl_s, "events_ttl_s": row.events_ttl_s}
    said["meter"] = row.meter
    made |= {name: value for name, value in said.items() if value is not None}
    return made if row.webhook is None else made | {"webhook": row.webhook}
