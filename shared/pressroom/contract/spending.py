"""Prices, budgets and usage, as they travel over HTTP.

Amounts of money are decimal numbers in strings, of at most nine decimals: what a float would round is exact."""

from typing import Annotated

from pydantic import Field, StringConstraints

from pressroom.contract.base import Wire
from pressroom.contract.jobs import ModelView

Money = Annotated[str, StringConstraints(pattern=r"^\d{1,9}(\.\d{1,9})?$")]
UnitPrice = Annotated[str, StringConstraints(pattern=r"^\d{1,6}(\.\d{1,9})?$")]
"""Less than a million: what many pieces cost together still fits."""
_MOST_TOKENS = 1_000_000_000_000_000


class PriceRequest(Wire):
    """``PUT /v1/admin/prices/{model}``: what is left out costs nothing."""

    million_tokens_in: UnitPrice = Field("0", description="For a million tokens read, to three decimals.")
    million_tokens_out: UnitPrice = Field("0", description="For a million tokens written, to three decimals.")
    picture: UnitPrice = Field("0", description="For a picture.")


class PriceView(Wire):
    """A line of the price list. ``model`` is ``*`` where it is for those that have no line of their own."""

    model: str
    million_tokens_in: str
    million_tokens_out: str
    picture: str


class PriceList(Wire):
    """``GET /v1/prices``."""

    items: tuple[PriceView, ...]


class BudgetRequest(Wire):
    """``PUT /v1/budgets/{campaign}``: at least one of both; what is left out has no bound."""

    tokens: int | None = Field(
        None, ge=0, le=_MOST_TOKENS, description="Most tokens, read and written together."
    )
    price: Money | None = Field(None, description="The most that its jobs may be charged.")


class BudgetView(Wire):
    """What a campaign may cost, and what it has. ``held`` is for jobs that have not ended: the most that they can cost."""

    campaign: str
    tokens: int | None
    price: str | None
    held_tokens: int
    held_price: str
    spent_tokens: int
    spent_price: str
    created_at: int = Field(description="Milliseconds since the epoch. What ended before is not in it.")


class BudgetList(Wire):
    """``GET /v1/budgets``."""

    items: tuple[BudgetView, ...]


class UsageLine(Wire):
    """What ended. A field that was not asked for in ``by`` is null: the line is of all of them together."""

    day: str | None = Field(None, description="A date, in UTC.")
    tenant: str | None = None
    api_key: str | None = Field(None, description='Its id; "" where no key is known.')
    model: str | None = None
    campaign: str | None = Field(None, description='"" where there is none.')
    jobs: int
    succeeded: int
    tokens_in: int = Field(description="Read by the attempts that ended the jobs.")
    tokens_out: int = Field(description="Written by them.")
    pictures: int
    engine_seconds: float = Field(description="Of all attempts.")
    price: str


class UsageReport(Wire):
    """``GET /v1/usage``. Jobs that have not ended are not in it."""

    since: str
    until: str
    items: tuple[UsageLine, ...]


class QuotedTokens(Wire):
    """Tokens of a text job. ``read`` is the most that the prompt can have where nobody can count it here."""

    read: int
    written_most: int
    written_expected: int = Field(description="As jobs of this model have written of late.")


class QuotedFinish(Wire):
    """When the job would be done, in seconds from now, as jobs of this model have been of late."""

    p50_s: float = Field(description="Half of such jobs are done sooner.")
    p90_s: float = Field(description="Nine of ten are.")
    samples: int = Field(description="Jobs that this is told from; 0 is a guess.")


class QuoteView(Wire):
    """What a job would take and cost, and what would be in its way. Nothing was stored."""

    quote: str = Field(description="Send the same request with it until it expires, and its price holds.")
    expires_at: int = Field(description="Milliseconds since the epoch.")
    model: ModelView
    tokens: QuotedTokens | None = Field(None, description="Of a job that reads or writes text.")
    pictures: int | None = Field(None, description="Of a picture job: how many would be paid for.")
    price_most: str
    price_expected: str
    engine_seconds: float = Field(description="What it is expected to take an engine.")
    finish: QuotedFinish
    blocked_code: str | None = Field(None, description="The code of what is in its way, as below.")
    blocked_reason: str | None = Field(
        None,
        description="Why it would be refused now (`budget_spent`, `tokens_spent`), or would wait for a worker "
        "(`no_live_worker`); null: nothing is known to be in its way.",
    )
