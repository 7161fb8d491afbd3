"""``pressroom admin tenants``: how long things of a tenant are kept."""

import re
from dataclasses import fields, replace

import click

from pressroom.admin import words
from pressroom.bootstrap import admin as wiring
from pressroom.domain.errors import InputInvalid
from pressroom.domain.retention import Retention

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


class Span(click.ParamType[int]):
    """Seconds, of ``90s``, ``30m``, ``12h`` or ``7d``; ``default`` is -1."""

    name = "span"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "default":
            return -1
        found = _SPAN.fullmatch(value)
        if found is None:
            self.fail(f"{value!r} is no span of time: give 90s, 30m, 12h, 7d, or default.", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


@click.group()
def tenants() -> None:
    """Tenants, and how long their results, prompts, streams and idempotency keys are kept."""


@tenants.command("list")
def list_() -> None:
    """List all tenants: name, results, prompts, events, keys; - is as for everybody."""
    with wiring.admin_parts() as parts:
        for tenant, retention in parts.retentions.retentions().items():
            click.echo("\t".join([tenant, *_cells(retention)]))


@tenants.command()
@click.argument("tenant")
@click.option(
    "--results", "results_s", type=Span(), help="From a job's end; the most that a job may ask for."
)
@click.option("--prompts", "prompts_s", type=Span(), help="From a job's end until its input is erased.")
@click.option("--events", "events_s", type=Span(), help="From a job's end until its stream is gone.")
@click.option(
    "--keys", "keys_s", type=Span(), help="From a job's acceptance until its idempotency key is free."
)
def keep(tenant: str, **spans: int | None) -> None:
    """Set what TENANT's jobs get from now on; what is not named stays as it is. Fronts know within 5 s."""
    tenant = words.name("TENANT", tenant, 64)
    named = {name: None if span == -1 else span for name, span in spans.items() if span is not None}
    if not named:
        raise click.UsageError("Name what to keep for how long: --results, --prompts, --events or --keys.")
    with wiring.admin_parts() as parts:
        try:
            changed = replace(parts.retentions.retention(tenant), **named)
        except InputInvalid as error:
            raise click.UsageError(error.message) from None
        parts.retentions.keep(tenant, changed)
    click.echo("\t".join([tenant, *_cells(changed)]))


def _cells(retention: Retention) -> list[str]:
    return [_told(getattr(retention, field.name)) for field in fields(retention)]


def _told(seconds: int | None) -> str:
    if seconds is None:
        return "-"
    unit = next(unit for unit, length in reversed(_UNITS.items()) if seconds % length == 0)
    return f"{seconds // _UNITS[unit]}{unit}"
