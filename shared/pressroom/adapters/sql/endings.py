"""What every end of a job leaves behind in its own transaction: who is to be told, and what it cost.

What ends a job selects ``ending_facts`` with its row, stores ``charged`` with the end, and calls ``note_end``.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection

from pressroom.adapters.sql.charging import account_facts, bill, note
from pressroom.adapters.sql.rows import JobRow
from pressroom.adapters.sql.webhook_outbox import tell, watch_facts
from pressroom.domain.spending import NOTHING, Delivered
from pressroom.domain.states import State


def ending_facts() -> tuple[ColumnElement[Any], ...]:
    """The columns that ``charged`` and ``note_end`` need of a job's row, besides its id and tenant."""
    return (*watch_facts(), *account_facts())


def charged(row: JobRow, delivered: Delivered = NOTHING) -> dict[str, int]:
    """The value that the job's row gets of what it is charged."""
    return {"charged_nanos": bill(row, delivered).nanos}


def note_end(
    connection: Connection,
    row: JobRow,
    state: State,
    now: int,
    delivered: Delivered = NOTHING,
    *,
    finish_reason: str | None,
    error_code: str | None,
    error_message: str | None = None,
    outputs: Iterable[int] = (),
    engine_ms: int = 0,
) -> None:
    """Write down the deliveries and the charge of a job that ends now. ``engine_ms``: of the attempt that ended it."""
    tell(
        connection,
        row,
        state,
        now,
        finish_reason=finish_reason,
        error_code=error_code,
        error_message=error_message,
        outputs=outputs,
    )
    note(connection, row, state, now, delivered, engine_ms)
