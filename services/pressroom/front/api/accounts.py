"""What things cost: a tenant's budgets, its usage, and the price list."""

from decimal import Decimal

from apiflask import APIBlueprint
from flask import Response, g

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.spending import (
    BudgetList,
    BudgetRequest,
    BudgetView,
    PriceList,
    PriceView,
    UsageLine,
    UsageReport,
)
from pressroom.domain.spending import MILLION, CampaignBudget, Price, Used, add_up, nanos_of, told
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import header_docs, problems
from pressroom.front.api.paths import campaign_of
from pressroom.front.api.queries import UsageQuery

_PLACES = ("day", "tenant", "api_key", "model", "campaign")


def budgets(parts: FrontParts) -> APIBlueprint:
    """``/v1/budgets``."""
    made = APIBlueprint("budgets", __name__, url_prefix="/v1/budgets", tag="Accounts")

    @made.get("")
    @made.output(BudgetList)
    @made.doc(operation_id="listBudgets", responses=problems())
    def list_budgets() -> Response:
        """List budgets"""
        found = parts.accounts.budgets(g.tenant)
        return wire_response(BudgetList(items=tuple(map(budget_view, found))))

    @made.get("/<campaign>")
    @made.output(BudgetView)
    @made.doc(operation_id="getBudget", responses=problems(404))
    def get_budget(campaign: str) -> Response:
        """Look at a budget"""
        return wire_response(budget_view(parts.accounts.budget(g.tenant, campaign)))

    @made.put("/<campaign>")
    @made.input(BudgetRequest)
    @made.output(BudgetView)
    @made.doc(operation_id="setBudget", responses=problems(413, 415))
    def set_budget(campaign: str, json_data: BudgetRequest) -> Response:
        """Give a campaign a budget

        From now on a job of the campaign is accepted only if the most that it can cost is left; what it does
        not need comes back at its end. Of one that is there, the bounds are changed, and what is spent stays."""
        found = parts.accounts.set_budget(g.tenant, campaign_of(campaign), *given_budget(json_data))
        return wire_response(budget_view(found))

    @made.delete("/<campaign>")
    @made.doc(
        operation_id="removeBudget",
        responses={204: {"description": "Removed.", "headers": header_docs()}, **problems(404, 413)},
    )
    def remove_budget(campaign: str) -> Response:
        """Remove a budget

        Nothing bounds the campaign any more."""
        parts.accounts.remove_budget(g.tenant, campaign)
        return Response(status=204)

    return made


def usage(parts: FrontParts) -> APIBlueprint:
    """``/v1/usage`` and ``/v1/prices``."""
    made = APIBlueprint("usage", __name__, url_prefix="/v1", tag="Accounts")

    @made.get("/usage")
    @made.input(UsageQuery, location="query")
    @made.output(UsageReport)
    @made.doc(operation_id="getUsage", responses=problems())
    def get_usage(query_data: UsageQuery) -> Response:
        """Look at the usage

        What ended, by day, key, model and campaign. It outlives the jobs, and their erasure."""
        return wire_response(report(parts, g.tenant, query_data))

    @made.get("/prices")
    @made.output(PriceList)
    @made.doc(operation_id="listPrices", responses=problems())
    def list_prices() -> Response:
        """Look at the price list

        A job is charged the prices of when it was accepted."""
        return wire_response(price_list(parts))

    return made


def given_budget(asked: BudgetRequest) -> tuple[int | None, int | None]:
    """Tokens and nanos of a budget that is asked for."""
    return asked.tokens, None if asked.price is None else nanos_of(Decimal(asked.price))


def report(parts: FrontParts, tenant: str | None, asked: UsageQuery) -> UsageReport:
    """The usage of a tenant, or of all, summed up as was asked. Raises InputInvalid, DatabaseUnavailable."""
    places = frozenset(asked.by.split(","))
    found = parts.accounts.usage(tenant, asked.since, asked.until)
    return UsageReport(
        since=found.since.isoformat(),
        until=found.until.isoformat(),
        items=tuple(_usage_line(line, places) for line in _by(found.lines, places)),
    )


def price_list(parts: FrontParts) -> PriceList:
    """All lines. Raises DatabaseUnavailable."""
    return PriceList(
        items=tuple(price_view(model, price) for model, price in parts.accounts.prices().items())
    )


def price_view(model: str, price: Price) -> PriceView:
    return PriceView(
        model=model,
        million_tokens_in=told(price.token_in * MILLION),
        million_tokens_out=told(price.token_out * MILLION),
        picture=told(price.picture),
    )


def _by(lines: tuple[Used, ...], places: frozenset[str]) -> tuple[Used, ...]:
    """The same, with lines that differ in other places added up."""
    blank = {name: "" for name in _PLACES if name not in places}
    return add_up(line.but(**blank) for line in lines)


def _usage_line(line: Used, places: frozenset[str]) -> UsageLine:
    shown = {name: getattr(line, name) for name in _PLACES if name in places}
    return UsageLine(
        **shown,
        jobs=line.jobs,
        succeeded=line.succeeded,
        tokens_in=line.tokens_in,
        tokens_out=line.tokens_out,
        pictures=line.pictures,
        engine_seconds=line.engine_ms / 1000,
        price=told(line.nanos),
    )


def budget_view(found: CampaignBudget) -> BudgetView:
    """A budget as the API shows it."""
    return BudgetView(
        campaign=found.campaign,
        tokens=found.tokens,
        price=None if found.nanos is None else told(found.nanos),
        held_tokens=found.held.tokens,
        held_price=told(found.held.nanos),
        spent_tokens=found.spent.tokens,
        spent_price=told(found.spent.nanos),
        created_at=found.created_at,
    )
