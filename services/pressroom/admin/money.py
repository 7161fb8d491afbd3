"""``pressroom admin prices``, ``budgets`` and ``usage``: what things cost, what they may cost, what they have cost."""

from datetime import datetime
from decimal import Decimal, InvalidOperation

import click

from pressroom.admin import words
from pressroom.bootstrap import admin as wiring
from pressroom.domain.errors import InputInvalid, NotThere
from pressroom.domain.spending import MILLION, CampaignBudget, Price, nanos_of, told
from pressroom.jobs.spending import MOST_NANOS, MOST_UNIT_NANOS


class Money(click.ParamType[int]):
    """Nanos, of a decimal number."""

    name = "amount"

    def __init__(self, most: int, pieces: int = 1) -> None:
        self._most = most
        self._pieces = pieces

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            nanos = nanos_of(Decimal(value), self._pieces)
        except InvalidOperation:
            self.fail(f"{value!r} is no amount.", param, ctx)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        if not 0 <= nanos <= self._most:
            self.fail(f"{value!r} is below 0, or too large.", param, ctx)
        return nanos


_FOR_A_MILLION = Money(MOST_UNIT_NANOS // MILLION, MILLION)


@click.group()
def prices() -> None:
    """The price list, in a currency of your own. A job is charged the prices of when it was accepted."""


@prices.command("list")
def list_prices() -> None:
    """List it: model, a million tokens read, a million tokens written, a picture."""
    with wiring.admin_parts() as parts:
        for model, price in parts.accounts.prices().items():
            click.echo("\t".join([model, *_cells(price)]))


@prices.command("set")
@click.argument("model")
@click.option("--million-in", type=_FOR_A_MILLION, default="0", help="A million tokens read.")
@click.option("--million-out", type=_FOR_A_MILLION, default="0", help="A million tokens written.")
@click.option("--picture", type=Money(MOST_UNIT_NANOS), default="0", help="A picture.")
def set_price(model: str, million_in: int, million_out: int, picture: int) -> None:
    """Set what MODEL costs; `*` is for all that have no line of their own. Fronts know within 5 s."""
    model = words.name("MODEL", model, 64)
    price = Price(million_in, million_out, picture)
    with wiring.admin_parts() as parts:
        parts.accounts.set_price(model, price)
    click.echo("\t".join([model, *_cells(price)]))


@prices.command("remove")
@click.argument("model")
def remove_price(model: str) -> None:
    """Remove MODEL's line."""
    with wiring.admin_parts() as parts:
        try:
            parts.accounts.remove_price(model)
        except NotThere as error:
            raise click.ClickException(error.message) from None


@click.group()
def budgets() -> None:
    """What campaigns of a tenant may cost."""


@budgets.command("list")
@click.argument("tenant")
def list_budgets(tenant: str) -> None:
    """List TENANT's: campaign, tokens (spent, held, most), price (spent, held, most)."""
    with wiring.admin_parts() as parts:
        for found in parts.accounts.budgets(tenant):
            click.echo("\t".join(_row(found)))


@budgets.command("set")
@click.argument("tenant")
@click.argument("campaign")
@click.option("--tokens", type=click.IntRange(0), help="Most tokens, read and written together.")
@click.option("--price", "nanos", type=Money(MOST_NANOS), help="The most that its jobs may be charged.")
def set_budget(tenant: str, campaign: str, tokens: int | None, nanos: int | None) -> None:
    """Bound what TENANT's CAMPAIGN may cost; what is spent of it stays."""
    tenant, campaign = words.name("TENANT", tenant, 64), words.name("CAMPAIGN", campaign, 64)
    with wiring.admin_parts() as parts:
        try:
            found = parts.accounts.set_budget(tenant, campaign, tokens, nanos)
        except InputInvalid as error:
            raise click.UsageError(error.message) from None
    click.echo("\t".join(_row(found)))


@budgets.command("remove")
@click.argument("tenant")
@click.argument("campaign")
def remove_budget(tenant: str, campaign: str) -> None:
    """Bound TENANT's CAMPAIGN no more."""
    with wiring.admin_parts() as parts:
        try:
            parts.accounts.remove_budget(tenant, campaign)
        except NotThere as error:
            raise click.ClickException(error.message) from None


@click.command()
@click.option("--tenant", help="Only this tenant's.")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="The first date (UTC); 30 days ago by default."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last date; today by default.")
def usage(tenant: str | None, since: datetime | None, until: datetime | None) -> None:
    """What ended: day, tenant, key, model, campaign, jobs, succeeded, tokens read, written, pictures, engine seconds,
    price."""
    dates = [None if each is None else each.date() for each in (since, until)]
    with wiring.admin_parts() as parts:
        try:
            lines = parts.accounts.usage(tenant, *dates).lines
        except InputInvalid as error:
            raise click.UsageError(error.message) from None
    for line in lines:
        counts = (line.jobs, line.succeeded, line.tokens_in, line.tokens_out, line.pictures)
        cells = [*(place or "-" for place in line.place), *map(str, counts)]
        click.echo("\t".join([*cells, f"{line.engine_ms / 1000:.3f}", told(line.nanos)]))


def _cells(price: Price) -> list[str]:
    return [told(price.token_in * MILLION), told(price.token_out * MILLION), told(price.picture)]


def _row(found: CampaignBudget) -> list[str]:
    tokens = [
        str(found.spent.tokens),
        str(found.held.tokens),
        "-" if found.tokens is None else str(found.tokens),
    ]
    nanos = [
        told(found.spent.nanos),
        told(found.held.nanos),
        "-" if found.nanos is None else told(found.nanos),
    ]
    return [found.campaign, *tokens, *nanos]
