"""What a worker does with what it holds: renew the leases, store a result, give a job back.

Every statement carries the fencing token: the row must be ``running`` with this very attempt. A
lease that ran out is still good until somebody reaps it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, bindparam, select, tuple_, update

from pressroom.adapters.sql.clock import Now
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.endings import charged, ending_facts, note_end
from pressroom.adapters.sql.rows import JobRow, insert_outputs, kept_until
from pressroom.adapters.sql.tables import RUNNING, job, lane
from pressroom.domain.ending import Next, next_state
from pressroom.domain.job import Completion, Held, Usage
from pressroom.domain.retry import Budget, Failure, RetryPolicy
from pressroom.domain.states import TERMINAL, Actor, State, check_transition
from pressroom.jobs.ports import Renewal


def renew(database: Database, worker: str, held: Sequence[Held], lease_ms: int) -> Renewal:
    """See ``JobStore.renew``."""
    if not held:
        return Renewal()
    wanted = frozenset(held)

    def move(connection: Connection) -> Renewal:
        now = database.now(connection)
        rows = connection.execute(
            update(job)
            .where(
                RUNNING,
                job.c.worker == worker,
                # The ids find the rows; the pairs fence them.
                job.c.id.in_([item.job_id for item in wanted]),
                tuple_(job.c.id, job.c.attempt).in_([(item.job_id, item.attempt) for item in wanted]),
            )
            .values(lease_clock=now.lease_clock, lease_until=now.lease + lease_ms, lease_ms=lease_ms)
            .returning(job.c.id, job.c.attempt, job.c.cancel_requested)
        ).all()
        kept = frozenset(Held(row.id, row.attempt) for row in rows)
        canceled = frozenset(Held(row.id, row.attempt) for row in rows if row.cancel_requested)
        return Renewal(lost=wanted - kept, canceled=canceled)

    return database.write(move)


def complete(database: Database, held: Held, completion: Completion) -> bool:
    """See ``JobStore.complete``."""
    check_transition(State.RUNNING, completion.state, Actor.WORKER)
    if completion.state not in TERMINAL:
        raise ValueError(f"an attempt does not complete as {completion.state}; release it instead")

    def move(connection: Connection) -> bool:
        row = _fenced(connection, held)
        if row is None:
            return False
        end_job(
            connection,
            row,
            completion.state,
            database.now(connection),
            completion,
            code=completion.error_code,
            message=completion.error_message,
        )
        return True

    return database.write(move)


def release(
    database: Database, held: Held, failure: Failure, partial: Completion, policy: RetryPolicy
) -> State | None:
    """See ``JobStore.release``. A cancel that was asked for ends the job as canceled."""

    def move(connection: Connection) -> State | None:
        row = _fenced(connection, held)
        if row is None:
            return None
        now = database.now(connection)
        after = next_state(
            failure,
            Budget(row.errors, row.crashes),
            ran_alone=row.alone,
            cancel_requested=row.cancel_requested,
            policy=policy,
        )
        check_transition(State.RUNNING, after.state, Actor.WORKER)
        if after.state is State.QUEUED:
            requeue(connection, row, after, now, partial.usage)
        else:
            end_job(
                connection,
                row,
                after.state,
                now,
                partial,
                code=after.code,
                message=after.message,
                budget=after.budget,
            )
        return after.state

    return database.write(move)


def end_job(
    connection: Connection,
    row: JobRow,
    state: State,
    now: Now,
    completion: Completion,
    *,
    code: str | None,
    message: str | None,
    budget: Budget | None = None,
    settled: bool = True,
) -> None:
    """Move a running job, whose row the caller has locked, to its end, with its outputs."""
    first = completion.first_output_ms
    values: dict[str, Any] = {
        "state": state.value,
        "finished_at": now.wall,
        **kept_until(row, now.wall),
        "finish_reason": completion.finish_reason,
        "error_code": code,
        "error_message": message,
        **_spent(completion.usage),
        **charged(row, completion.delivered),
    }
    if first is not None:
        values["first_output_at"] = row.claimed_at + first
    if budget is not None:
        values |= {"errors": budget.errors, "crashes": budget.crashes}
    connection.execute(_MOVED, {**values, "of_job": row.id})
    insert_outputs(connection, row.id, completion.outputs)
    note_end(
        connection,
        row,
        state,
        now.wall,
        completion.delivered,
        finish_reason=completion.finish_reason,
        error_code=code,
        error_message=message,
        outputs=[output.n for output in completion.outputs],
        engine_ms=completion.usage.engine_ms,
    )
    if settled:
        _settle(connection, row, completion.usage)


def requeue(connection: Connection, row: JobRow, after: Next, now: Now, usage: Usage | None) -> None:
    """Move a running job, whose row the caller has locked, back to the queue.

    ``usage`` is None when nobody knows what the attempt cost: then the lane's charge stands."""
    values = {
        "state": State.QUEUED.value,
        "due_at": now.wall + after.delay_ms,
        "alone": after.alone,
        "errors": after.budget.errors,
        "crashes": after.budget.crashes,
        "claimed_at": None,
        "first_output_at": None,
        **_spent(usage or Usage()),
    }
    connection.execute(_MOVED, {**values, "of_job": row.id})
    if usage is not None:
        _settle(connection, row, usage)


def _settle(connection: Connection, row: JobRow, usage: Usage) -> None:
    """Charge the lane what the attempt really cost, in place of the estimate it was charged at the claim."""
    over = float(usage.engine_ms) - row.cost
    connection.execute(_SETTLED, {"of_pool": row.pool, "of_tenant": row.tenant, "over": over})


def attempt_facts() -> tuple[ColumnElement[Any], ...]:
    """The columns that ``end_job`` and ``requeue`` need of a running job's row."""
    return (
        job.c.id,
        job.c.tenant,
        job.c.pool,
        job.c.cost,
        job.c.claimed_at,
        job.c.deadline_at,
        job.c.result_ttl_s,
        job.c.prompt_ttl_s,
        job.c.errors,
        job.c.crashes,
        job.c.alone,
        job.c.cancel_requested,
        *ending_facts(),
    )


# Built once: to build a statement takes longer than to run it. What more is set comes with the parameters.
_MOVED = (
    update(job)
    .where(job.c.id == bindparam("of_job"))
    .values(
        worker=None,
        lease_clock=None,
        lease_until=None,
        lease_ms=None,
        tokens_in=job.c.tokens_in + bindparam("more_tokens_in"),
        tokens_out=job.c.tokens_out + bindparam("more_tokens_out"),
        engine_ms=job.c.engine_ms + bindparam("more_engine_ms"),
    )
)
_SETTLED = (
    update(lane)
    .where(lane.c.pool == bindparam("of_pool"), lane.c.tenant == bindparam("of_tenant"))
    .values(virtual_time=lane.c.virtual_time + bindparam("over", type_=Float) / lane.c.weight)
)
_CURRENT = (
    select(*attempt_facts())
    .where(RUNNING, job.c.id == bindparam("held_job"), job.c.attempt == bindparam("held_attempt"))
    .with_for_update()
)


def _fenced(connection: Connection, held: Held) -> JobRow | None:
    """The row of a current attempt, locked; None when the attempt is not current any more."""
    asked = {"held_job": held.job_id, "held_attempt": held.attempt}
    return connection.execute(_CURRENT, asked).one_or_none()


def _spent(usage: Usage) -> dict[str, int]:
    """What ``_MOVED`` adds to what the job has cost before."""
    return {
        "more_tokens_in": usage.tokens_in,
        "more_tokens_out": usage.tokens_out,
        "more_engine_ms": usage.engine_ms,
    }
