"""Rows of the spending tables to the domain's accounts and back."""

from typing import Any

from sqlalchemy import Row

from pressroom.adapters.sql.spending_tables import usage
from pressroom.domain.spending import Amount, CampaignBudget, Charge, Delivered, Price, Used
from pressroom.domain.states import State

AccountRow = Row[*tuple[Any, ...]]

PLACE = (usage.c.day, usage.c.tenant, usage.c.api_key, usage.c.model, usage.c.campaign)
COUNTS = (
    usage.c.jobs,
    usage.c.succeeded,
    usage.c.tokens_in,
    usage.c.tokens_out,
    usage.c.pictures,
    usage.c.engine_ms,
    usage.c.nanos,
)


def to_budget(row: AccountRow) -> CampaignBudget:
    return CampaignBudget(
        id=row.id,
        tenant=row.tenant,
        campaign=row.campaign,
        tokens=row.tokens,
        nanos=row.nanos,
        created_at=row.created_at,
        held=Amount(row.held_tokens, row.held_nanos),
        spent=Amount(row.spent_tokens, row.spent_nanos),
    )


def to_price(row: AccountRow) -> Price:
    return Price(row.token_in_nanos, row.token_out_nanos, row.picture_nanos)


def to_used(row: AccountRow) -> Used:
    return Used(**{column.name: getattr(row, column.name) for column in (*PLACE, *COUNTS)})


def of_charge(made: Charge) -> dict[str, Any]:
    """The row of a charge that is to be booked."""
    return {
        "job_id": made.job_id,
        "tenant": made.tenant,
        "accepted_at": made.accepted_at,
        "ended_at": made.ended_at,
        "model": made.model,
        "state": made.state.value,
        "tokens_in": made.delivered.tokens_in,
        "tokens_out": made.delivered.tokens_out,
        "pictures": made.delivered.pictures,
        "engine_ms": made.engine_ms,
        "tokens": made.amount.tokens,
        "nanos": made.amount.nanos,
        "held_tokens": made.hold.tokens,
        "held_nanos": made.hold.nanos,
        "api_key": made.api_key,
        "campaign": made.campaign,
        "budget": made.budget,
        "on_day": made.on_day,
    }


def to_charge(row: AccountRow) -> Charge:
    return Charge(
        job_id=row.job_id,
        tenant=row.tenant,
        accepted_at=row.accepted_at,
        ended_at=row.ended_at,
        model=row.model,
        state=State(row.state),
        delivered=Delivered(row.tokens_in, row.tokens_out, row.pictures),
        engine_ms=row.engine_ms,
        amount=Amount(row.tokens, row.nanos),
        hold=Amount(row.held_tokens, row.held_nanos),
        api_key=row.api_key,
        campaign=row.campaign,
        budget=row.budget,
        on_day=row.on_day,
    )
