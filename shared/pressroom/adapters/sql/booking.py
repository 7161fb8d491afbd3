"""Booking: charges go into the usage, their holds go back, and they are removed. Safe to do by several at once."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pressroom.adapters.sql.charging import charge_forgotten
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.spending_rows import COUNTS, PLACE, to_charge
from pressroom.adapters.sql.spending_tables import budget, charge, key_day, usage
from pressroom.adapters.sql.tables import UNCHARGED, job
from pressroom.domain.spending import Amount, Charge, Used, add_up, day_of

_PAGE = 500
# As many pages as one who was refused waits for.
_PAGES = 20

_BUDGETS = (
    update(budget)
    .where(budget.c.id == bindparam("of_budget"))
    .values(
        held_tokens=budget.c.held_tokens - bindparam("less_tokens"),
        held_nanos=budget.c.held_nanos - bindparam("less_nanos"),
        spent_tokens=budget.c.spent_tokens + bindparam("more_tokens"),
        spent_nanos=budget.c.spent_nanos + bindparam("more_nanos"),
    )
)
_DAYS = (
    update(key_day)
    .where(key_day.c.api_key == bindparam("of_key"), key_day.c.day == bindparam("of_day"))
    .values(
        held_tokens=key_day.c.held_tokens - bindparam("less_tokens"),
        spent_tokens=key_day.c.spent_tokens + bindparam("more_tokens"),
    )
)

_ANY_CHARGE = select(charge.c.job_id).limit(1)
_ANY_FORGOTTEN = select(job.c.id).where(UNCHARGED, job.c.finished_at.is_not(None)).limit(1)


def _add_up(upsert: Any) -> Any:
    statement = upsert(usage)
    more = {column.name: column + statement.excluded[column.name] for column in COUNTS}
    return statement.on_conflict_do_update(index_elements=list(PLACE), set_=more)


_USAGE = {
    name: _add_up(upsert) for name, upsert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


def book(database: Database, limit: int = _PAGE) -> int:
    """Book up to ``limit`` charges; how many there were. What another books now is left to it."""

    def look(connection: Connection) -> tuple[bool, bool]:
        waits = connection.execute(_ANY_CHARGE).first() is not None
        return waits, connection.execute(_ANY_FORGOTTEN).first() is not None

    waits, forgotten = database.read(look)
    # Most looks find nothing: they take no lock.
    if forgotten:
        database.write(lambda connection: charge_forgotten(connection, limit))
    if not (waits or forgotten):
        return 0
    return database.write(lambda connection: _book(connection, limit, wait=False))


def book_all(database: Database) -> None:
    """Book what there is, waiting for others who do so: whoever was refused must know of it."""
    database.write(lambda connection: charge_forgotten(connection, _PAGE))
    for _ in range(_PAGES):
        if database.write(lambda connection: _book(connection, _PAGE, wait=True)) < _PAGE:
            return


def _book(connection: Connection, limit: int, *, wait: bool) -> int:
    wanted = select(charge).order_by(charge.c.job_id).limit(limit).with_for_update(skip_locked=not wait)
    charges = [to_charge(row) for row in connection.execute(wanted)]
    if not charges:
        return 0
    _give_back(connection, charges)
    connection.execute(
        _USAGE[connection.dialect.name], [_values(line) for line in add_up(each.used for each in charges)]
    )
    connection.execute(delete(charge).where(charge.c.job_id.in_([each.job_id for each in charges])))
    return len(charges)


def _give_back(connection: Connection, charges: Iterable[Charge]) -> None:
    """The holds of these, and what was spent instead. Budgets first, then days, each in order."""
    budgets: dict[str, tuple[Amount, Amount]] = defaultdict(lambda: (Amount(), Amount()))
    days: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in charges:
        if each.budget is not None:
            held, spent = budgets[each.budget]
            budgets[each.budget] = held + each.hold, spent + each.amount
        if each.on_day and each.api_key is not None:
            place = each.api_key, day_of(each.accepted_at)
            less, more = days[place]
            days[place] = less + each.hold.tokens, more + each.amount.tokens
    for of_budget in sorted(budgets):
        held, spent = budgets[of_budget]
        connection.execute(
            _BUDGETS,
            {
                "of_budget": of_budget,
                "less_tokens": held.tokens,
                "less_nanos": held.nanos,
                "more_tokens": spent.tokens,
                "more_nanos": spent.nanos,
            },
        )
    for of_key, of_day in sorted(days):
        less, more = days[of_key, of_day]
        changes = {"of_key": of_key, "of_day": of_day, "less_tokens": less, "more_tokens": more}
        connection.execute(_DAYS, changes)


def _values(line: Used) -> dict[str, Any]:
    return {column.name: getattr(line, column.name) for column in (*PLACE, *COUNTS)}
