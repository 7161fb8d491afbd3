"""``SqlSpendingStore``: prices, budgets and usage over a database."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, func, select

from pressroom.adapters.refusals import budget_spent, budget_unknown, price_unknown, tokens_spent
from pressroom.adapters.sql.booking import book
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.reading import storable
from pressroom.adapters.sql.spending_rows import COUNTS, PLACE, to_budget, to_charge, to_price, to_used
from pressroom.adapters.sql.spending_tables import budget, charge, key_day, usage
from pressroom.adapters.sql.spending_tables import price as price_list
from pressroom.adapters.sql.tenants import open_tenant
from pressroom.domain.errors import BudgetUnknown, Refused
from pressroom.domain.ids import new_id
from pressroom.domain.spending import Amount, CampaignBudget, Meter, Price, Used, add_up, day_of


class SqlSpendingStore:
    """Implements ``SpendingStore``. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- prices ------------------------------------------------------------------------------
    def prices(self) -> Mapping[str, Price]:
        rows = self._database.read(
            lambda connection: connection.execute(select(price_list).order_by(price_list.c.model)).all()
        )
        return {row.model: to_price(row) for row in rows}

    def set_price(self, model: str, price: Price) -> None:
        values = {
            "token_in_nanos": price.token_in,
            "token_out_nanos": price.token_out,
            "picture_nanos": price.picture,
        }
        statement = (
            self._database.upsert(price_list)
            .values(model=model, **values)
            .on_conflict_do_update(index_elements=[price_list.c.model], set_=values)
        )
        self._database.write(lambda connection: connection.execute(statement))

    def remove_price(self, model: str) -> None:
        statement = delete(price_list).where(price_list.c.model == model)
        gone = storable(model) and self._database.write(
            lambda connection: connection.execute(statement).rowcount
        )
        if not gone:
            raise price_unknown(model)

    # -- budgets -----------------------------------------------------------------------------
    def budgets(self, tenant: str) -> tuple[CampaignBudget, ...]:
        wanted = select(budget).where(budget.c.tenant == tenant).order_by(budget.c.campaign)

        def look(connection: Connection) -> tuple[CampaignBudget, ...]:
            found = [to_budget(row) for row in connection.execute(wanted)]
            return _with_what_ended(connection, found)

        return self._database.read(look)

    def budget(self, tenant: str, campaign: str) -> CampaignBudget:
        if not storable(campaign):
            raise budget_unknown(campaign)
        return self._database.read(lambda connection: _one(connection, tenant, campaign))

    def set_budget(self, tenant: str, campaign: str, tokens: int | None, nanos: int | None) -> CampaignBudget:
        nothing = dict.fromkeys(("held_tokens", "held_nanos", "spent_tokens", "spent_nanos"), 0)
        bounds = {"tokens": tokens, "nanos": nanos}

        def move(connection: Connection) -> CampaignBudget:
            now = self._database.now(connection).wall
            open_tenant(self._database, connection, tenant, now)
            new = {"id": new_id("bud"), "tenant": tenant, "campaign": campaign, "created_at": now}
            connection.execute(
                self._database.upsert(budget)
                .values(**new, **bounds, **nothing)
                .on_conflict_do_update(index_elements=[budget.c.tenant, budget.c.campaign], set_=bounds)
            )
            return _one(connection, tenant, campaign)

        return self._database.write(move)

    def remove_budget(self, tenant: str, campaign: str) -> None:
        statement = delete(budget).where(budget.c.tenant == tenant, budget.c.campaign == campaign)
        gone = storable(campaign) and self._database.write(
            lambda connection: connection.execute(statement).rowcount
        )
        if not gone:
            raise budget_unknown(campaign)

    # -- usage -------------------------------------------------------------------------------
    def usage(self, tenant: str | None, first: str, last: str) -> tuple[Used, ...]:
        booked = select(*PLACE, *COUNTS).where(usage.c.day >= first, usage.c.day <= last)
        waiting = select(charge)
        if tenant is not None:
            booked, waiting = booked.where(usage.c.tenant == tenant), waiting.where(charge.c.tenant == tenant)

        def look(connection: Connection) -> tuple[Used, ...]:
            lines = [to_used(row) for row in connection.execute(booked)]
            ended = (to_charge(row).used for row in connection.execute(waiting))
            return add_up([*lines, *(line for line in ended if first <= line.day <= last)])

        return self._database.read(look)

    def against(self, tenant: str, meter: Meter) -> Refused | None:
        try:
            found = self.budget(tenant, meter.campaign) if meter.campaign is not None else None
        except BudgetUnknown:
            found = None
        lacks = found.lacks(meter.hold) if found is not None else None
        if found is not None and lacks is not None:
            return budget_spent(found, lacks, meter.hold)
        if meter.tokens_day is None or meter.api_key is None:
            return None
        used = self.tokens_today(meter.api_key)
        now = self._database.read(lambda connection: self._database.now(connection).wall)
        if used + meter.hold.tokens > meter.tokens_day:
            return tokens_spent(meter.tokens_day, used, meter.hold.tokens, now)
        return None

    def tokens_today(self, api_key: str) -> int:
        def look(connection: Connection) -> int:
            today = day_of(self._database.now(connection).wall)
            wanted = select(key_day.c.held_tokens + key_day.c.spent_tokens)
            return connection.scalar(wanted.where(key_day.c.api_key == api_key, key_day.c.day == today)) or 0

        return self._database.read(look) if storable(api_key) else 0

    # -- the relay ---------------------------------------------------------------------------
    def book(self, limit: int = 500) -> int:
        return book(self._database, limit)

    def forget_days(self, limit: int = 500) -> int:
        def over(connection: Connection) -> Any:
            today = day_of(self._database.now(connection).wall)
            return key_day.c.day < today, key_day.c.held_tokens <= 0

        def look(connection: Connection) -> list[Any]:
            places = select(key_day.c.api_key, key_day.c.day).where(*over(connection)).limit(limit)
            return list(connection.execute(places))

        def move(connection: Connection) -> int:
            gone = 0
            for row in found:
                place = key_day.c.api_key == row.api_key, key_day.c.day == row.day
                gone += connection.execute(delete(key_day).where(*place, *over(connection))).rowcount
            return gone

        found = self._database.read(look)
        return self._database.write(move) if found else 0


def _one(connection: Connection, tenant: str, campaign: str) -> CampaignBudget:
    wanted = select(budget).where(budget.c.tenant == tenant, budget.c.campaign == campaign)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise budget_unknown(campaign)
    return _with_what_ended(connection, [to_budget(row)])[0]


def _with_what_ended(connection: Connection, found: list[CampaignBudget]) -> tuple[CampaignBudget, ...]:
    """The budgets as they will be once the charges that wait are booked."""
    sums = (
        select(
            charge.c.budget,
            func.sum(charge.c.held_tokens).label("held_tokens"),
            func.sum(charge.c.held_nanos).label("held_nanos"),
            func.sum(charge.c.tokens).label("tokens"),
            func.sum(charge.c.nanos).label("nanos"),
        )
        .where(charge.c.budget.in_([each.id for each in found]))
        .group_by(charge.c.budget)
    )
    ended = {row.budget: row for row in connection.execute(sums)}

    def shown(each: CampaignBudget) -> CampaignBudget:
        row = ended.get(each.id)
        if row is None:
            return each
        held = each.held - Amount(int(row.held_tokens), int(row.held_nanos))
        return replace(each, held=held, spent=each.spent + Amount(int(row.tokens), int(row.nanos)))

    return tuple(map(shown, found))
