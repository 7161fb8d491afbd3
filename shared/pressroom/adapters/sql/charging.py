"""What a job's end leaves for the accounts, in the transaction that ends it: one inserted row.

What ends a job selects ``account_facts`` with its row, asks ``bill`` what it is charged, and calls ``note``.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from pressroom.adapters.sql.rows import JobRow
from pressroom.adapters.sql.spending_rows import of_charge
from pressroom.adapters.sql.spending_tables import charge as charge_table
from pressroom.adapters.sql.tables import UNCHARGED, job, output
from pressroom.domain.spending import Amount, Charge, Delivered, Meter, charge
from pressroom.domain.states import State

_FACTS: tuple[ColumnElement[Any], ...] = (
    job.c.meter.label("account_meter"),
    job.c.budget.label("account_budget"),
    job.c.held.label("account_held"),
    job.c.model_name.label("account_model"),
    job.c.created_at.label("account_since"),
    job.c.engine_ms.label("account_engine_ms"),
)
_INSERT = insert(charge_table)


def account_facts() -> tuple[ColumnElement[Any], ...]:
    """The columns that ``bill`` and ``note`` need of a job's row, besides its id and tenant."""
    return _FACTS


def bill(row: JobRow, delivered: Delivered) -> Amount:
    """What the job is charged for this."""
    return charge(_meter(row), delivered)


def note(
    connection: Connection, row: JobRow, state: State, now: int, delivered: Delivered, engine_ms: int = 0
) -> None:
    """Insert the charge of a job that ends. ``engine_ms`` is of the attempt that ended it."""
    meter = _meter(row) or Meter()
    held = bool(row.account_held)
    made = Charge(
        job_id=row.id,
        tenant=row.tenant,
        accepted_at=row.account_since,
        ended_at=now,
        model=row.account_model,
        state=state,
        delivered=delivered,
        engine_ms=row.account_engine_ms + engine_ms,
        amount=bill(row, delivered),
        hold=meter.hold if held else Amount(),
        api_key=meter.api_key,
        campaign=meter.campaign,
        budget=row.account_budget,
        on_day=held and meter.tokens_day is not None,
    )
    connection.execute(_INSERT, of_charge(made))


def charge_forgotten(connection: Connection, limit: int) -> int:
    """Charge up to ``limit`` ended jobs that code without accounts has ended; how many there were."""
    pictures = (
        select(func.count())
        .select_from(output)
        .where(output.c.job_id == job.c.id, output.c.media_type.like("image/%"))
        .correlate(job)
        .scalar_subquery()
    )
    facts = job.c.id, job.c.tenant, job.c.state, job.c.finished_at, job.c.erased_at
    wanted = (
        select(*facts, job.c.tokens_in, job.c.tokens_out, pictures.label("pictures"), *_FACTS)
        .where(UNCHARGED, job.c.finished_at.is_not(None))
        .order_by(job.c.finished_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=job)
    )
    rows = connection.execute(wanted).all()
    for row in rows:
        ended = row.state == State.SUCCEEDED.value or row.erased_at is None
        delivered = Delivered(row.tokens_in, row.tokens_out, row.pictures, known=ended)
        note(connection, row, State(row.state), row.finished_at, delivered)
        amount = bill(row, delivered)
        connection.execute(update(job).where(job.c.id == row.id).values(charged_nanos=amount.nanos))
    return len(rows)


def _meter(row: JobRow) -> Meter | None:
    return Meter.of_row(row.account_meter) if row.account_meter is not None else None
