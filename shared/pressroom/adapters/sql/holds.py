"""Holds: what a job can cost at most is set aside in the transaction that accepts it, or it is not accepted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pressroom.adapters.refusals import budget_spent, tokens_spent
from pressroom.adapters.sql.booking import book_all
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.spending_rows import to_budget
from pressroom.adapters.sql.spending_tables import budget, key_day
from pressroom.domain.errors import BudgetSpent, TokensSpent
from pressroom.domain.job import NewJob
from pressroom.domain.spending import Meter, day_of

T = TypeVar("T")

_BUDGET = (
    select(budget)
    .where(budget.c.tenant == bindparam("of_tenant"), budget.c.campaign == bindparam("of_campaign"))
    .with_for_update()
)
_HOLD = (
    update(budget)
    .where(budget.c.id == bindparam("of_budget"))
    .values(
        held_tokens=budget.c.held_tokens + bindparam("more_tokens"),
        held_nanos=budget.c.held_nanos + bindparam("more_nanos"),
    )
)
_OPEN_DAY = {
    name: upsert(key_day).on_conflict_do_nothing()
    for name, upsert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_DAY = (
    select(key_day.c.held_tokens, key_day.c.spent_tokens)
    .where(key_day.c.api_key == bindparam("of_key"), key_day.c.day == bindparam("of_day"))
    .with_for_update()
)
_HOLD_DAY = (
    update(key_day)
    .where(key_day.c.api_key == bindparam("of_key"), key_day.c.day == bindparam("of_day"))
    .values(held_tokens=key_day.c.held_tokens + bindparam("more_tokens"))
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What was set aside for a job: whether anything, and of which budget."""

    held: bool = False
    budget: str | None = None

    def values(self) -> dict[str, Any]:
        """For the job's row."""
        return {"held": self.held or None, "budget": self.budget}


def hold(connection: Connection, new: NewJob, now: int) -> Holding:
    """Set aside what the job can cost at most. Raises BudgetSpent, TokensSpent."""
    meter = new.meter
    if meter is None:
        return Holding()
    of = _hold_of_budget(connection, new.tenant, meter)
    on_day = _hold_of_day(connection, meter, now)
    return Holding(on_day or of is not None, of)


def booked_first(database: Database, unit: Callable[[Connection], T]) -> T:
    """``database.write(unit)``; where a hold is refused, once more after what has ended meanwhile is booked.

    Raises BudgetSpent, TokensSpent, and what ``unit`` raises."""
    try:
        return database.write(unit)
    except (BudgetSpent, TokensSpent):
        book_all(database)
        return database.write(unit)


def _hold_of_budget(connection: Connection, tenant: str, meter: Meter) -> str | None:
    if meter.campaign is None:
        return None
    row = connection.execute(_BUDGET, {"of_tenant": tenant, "of_campaign": meter.campaign}).one_or_none()
    if row is None:
        return None
    found = to_budget(row)
    lacks = found.lacks(meter.hold)
    if lacks is not None:
        raise budget_spent(found, lacks, meter.hold)
    more = {"more_tokens": meter.hold.tokens, "more_nanos": meter.hold.nanos}
    connection.execute(_HOLD, {"of_budget": found.id, **more})
    return found.id


def _hold_of_day(connection: Connection, meter: Meter, now: int) -> bool:
    if meter.tokens_day is None or meter.api_key is None:
        return False
    day = day_of(now)
    new = {"api_key": meter.api_key, "day": day, "held_tokens": 0, "spent_tokens": 0}
    connection.execute(_OPEN_DAY[connection.dialect.name], new)
    row = connection.execute(_DAY, {"of_key": meter.api_key, "of_day": day}).one()
    used = int(row.held_tokens + row.spent_tokens)
    if used + meter.hold.tokens > meter.tokens_day:
        raise tokens_spent(meter.tokens_day, used, meter.hold.tokens, now)
    connection.execute(_HOLD_DAY, {"of_key": meter.api_key, "of_day": day, "more_tokens": meter.hold.tokens})
    return True
