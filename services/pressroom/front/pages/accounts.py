"""What work costs, for people: budgets of campaigns, and what was used of late."""

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.spending import BudgetRequest
from pressroom.domain.errors import InputInvalid
from pressroom.domain.scopes import Scope
from pressroom.front.api.accounts import budget_view, given_budget, report
from pressroom.front.api.paths import campaign_of
from pressroom.front.api.queries import UsageQuery
from pressroom.front.auth import demand
from pressroom.front.pages.common import members_only, page_blueprint


def blueprint(parts: FrontParts) -> APIBlueprint:
    """``/accounts``."""
    accounts = page_blueprint("accounts", __name__)
    members_only(parts, accounts)

    @accounts.get("/accounts")
    def accounts_page() -> ResponseReturnValue:
        return _accounts(parts)

    @accounts.post("/accounts/budgets")
    def budget_form() -> ResponseReturnValue:
        demand(Scope.BUDGETS)
        form = request.form
        try:
            campaign = campaign_of(form.get("campaign", ""))
            tokens, price = form.get("tokens", "").strip(), form.get("price", "").strip()
            asked = BudgetRequest(tokens=_number(tokens) if tokens else None, price=price or None)
            parts.accounts.set_budget(g.tenant, campaign, *given_budget(asked))
        except ValidationError as error:
            return _accounts(parts, error.errors(include_url=False)[0]["msg"])
        except InputInvalid as error:
            return _accounts(parts, error.message)
        return redirect(url_for("accounts.accounts_page"), 303)

    @accounts.post("/accounts/budgets/<campaign>/remove")
    def remove_form(campaign: str) -> ResponseReturnValue:
        demand(Scope.BUDGETS)
        parts.accounts.remove_budget(g.tenant, campaign)
        return redirect(url_for("accounts.accounts_page"), 303)

    return accounts


def _accounts(parts: FrontParts, wrong: str | None = None) -> ResponseReturnValue:
    found = report(parts, g.tenant, UsageQuery(by="model,campaign"))
    page = render_template(
        "accounts.html",
        budgets=[budget_view(each) for each in parts.accounts.budgets(g.tenant)],
        usage=found,
        wrong=wrong,
        form=request.form,
    )
    return page, 200 if wrong is None else 422


def _number(text: str) -> int:
    """Raises InputInvalid."""
    if not (text.isascii() and text.isdigit()):
        raise InputInvalid("Tokens are a whole number.", field="tokens")
    return int(text)
