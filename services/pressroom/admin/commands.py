"""``pressroom admin``: keys, migrations, numbers."""

from typing import Any

import click

from pressroom.admin import bounds, words
from pressroom.admin.dead_letters import dead_letters, requeue
from pressroom.admin.money import budgets, prices, usage
from pressroom.admin.tenants import tenants
from pressroom.bootstrap import admin as wiring
from pressroom.domain.scopes import EVERY_SCOPE, Scope, in_order
from pressroom.domain.times import wall_ms
from pressroom.jobs.keys import IssuedKey
from pressroom.jobs.ports import ApiKey, LiveModel, PoolBacklog


@click.group()
def admin() -> None:
    """For operators, on a machine that reaches the database (PRESSROOM_HOME or PRESSROOM_DATABASE_URL)."""


admin.add_command(dead_letters)
admin.add_command(requeue)
admin.add_command(tenants)
admin.add_command(prices)
admin.add_command(budgets)
admin.add_command(usage)


@admin.command()
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be done, and do nothing.")
def migrate(only_plan: bool) -> None:
    """Bring the database to the version of this program, and say whether older processes may keep running."""
    plan = wiring.migration()
    if only_plan:
        where = "empty" if plan.version is None else f"at version {plan.version}"
        click.echo(
            f"The database is {where}. This program's is {plan.head}. {_phase(plan.phase, plan.oldest)}",
            err=True,
        )
        return
    click.echo(f"The database is at version {wiring.migrate()}. {_phase(plan.phase, plan.oldest)}", err=True)


@admin.group()
def keys() -> None:
    """API keys. Each belongs to a tenant, and no tenant sees another's jobs."""


@keys.command()
@click.option("--tenant", required=True, help="Whose jobs the key may post and see.")
@click.option("--label", default="", help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it is good for, once for each; everything within its tenant when none is given.",
)
@click.option("--days", type=click.IntRange(1, 3_650), help="How long it is good; until revoked by default.")
@bounds.options
def create(tenant: str, label: str, scopes: tuple[str, ...], days: int | None, **bounded: Any) -> None:
    """Make a key and write it to stdout; it cannot be shown again."""
    tenant, label = words.name("--tenant", tenant, 64), words.name("--label", label, 128) if label else ""
    limits = bounds.limits(**bounded)
    with wiring.admin_parts() as parts:
        issued = parts.keys.issue(
            tenant,
            label,
            scopes=frozenset(map(Scope, scopes)) or EVERY_SCOPE,
            lives_s=None if days is None else days * 86_400,
            limits=limits,
        )
    _show(issued)


@keys.command()
@click.argument("key_id", metavar="ID")
@bounds.options
def limit(key_id: str, **bounded: Any) -> None:
    """Bound what the key ID may do: these are all of its bounds, and without an option it has none."""
    known, limits = _key_id(key_id), bounds.limits(**bounded)
    with wiring.admin_parts() as parts:
        if not parts.keys.limit(known, limits):
            raise click.ClickException(_unknown_key(known))
    click.echo(f"Key {known} is bounded so; fronts know within 5 s.", err=True)


@keys.command()
@click.argument("key_id", metavar="ID")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="How long the old key is good beside the new one.",
)
def rotate(key_id: str, overlap_hours: int) -> None:
    """Make a new key in place of ID, with its tenant and scopes, and write it to stdout."""
    known = _key_id(key_id)
    with wiring.admin_parts() as parts:
        issued = parts.keys.rotate(known, overlap_hours * 3_600)
    if issued is None:
        raise click.ClickException(_unknown_key(known))
    _show(issued)
    click.echo(f"Key {known} is good for {overlap_hours} h more.", err=True)


@keys.command("list")
def list_() -> None:
    """List all keys: id, tenant, made at, state, scopes, label, bounds."""
    with wiring.admin_parts() as parts:
        found = parts.keys.all()
    for key in found:
        click.echo("\t".join(_row(key)))


@keys.command()
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """Make the key ID useless. Fronts notice within some seconds."""
    known = _key_id(key_id)
    with wiring.admin_parts() as parts:
        if not parts.keys.revoke(known):
            raise click.ClickException(_unknown_key(known))
    click.echo(f"Key {known} is revoked.", err=True)


@admin.command()
@click.option("--tenant", required=True, help="Whose share it is.")
@click.option("--pool", required=True, help="The pool: text or image.")
@click.argument("weight", type=click.FloatRange(0.001, 1_000))
def weigh(tenant: str, pool: str, weight: float) -> None:
    """Give a tenant WEIGHT in a pool; 1 is everybody's. With 3 it is served three times as much as one
    with 1, while both have jobs that wait."""
    tenant, pool = words.name("--tenant", tenant, 64), words.name("--pool", pool, 64)
    if weight != weight:
        raise click.UsageError("WEIGHT is a number.")
    with wiring.admin_parts() as parts:
        parts.store.weigh(pool, tenant, weight)
    click.echo(f"{tenant} has the weight {weight:g} in the pool {pool}.", err=True)


@admin.command()
def stats() -> None:
    """What waits in each pool, and which workers live."""
    with wiring.admin_parts() as parts:
        pools, models = parts.store.backlog(), parts.store.live_models()
    for pool in pools:
        click.echo(_pool_line(pool))
    for model, workers in models:
        click.echo(_model_line(model, workers))
    if not models:
        click.echo("no live worker")


def _phase(phase: str, oldest: str) -> str:
    match phase:
        case "none":
            return "Nothing to do."
        case "expand":
            return (
                f"Phase expand: processes of version {oldest} or newer may keep running; "
                "restart them one after the other."
            )
        case _:
            return (
                f"Phase contract: processes older than version {oldest} must not run on it; stop them first."
            )


def _show(issued: IssuedKey) -> None:
    click.echo(issued.token)
    click.echo(f"Key {issued.key.id} of {issued.key.tenant}. Keep it: only its hash is stored.", err=True)


def _key_id(given: str) -> str:
    """People paste the whole key; the id is its middle."""
    parts_of = given.split("_")
    return parts_of[1] if len(parts_of) == 3 and parts_of[0] == "pr" else given


def _unknown_key(key_id: str) -> str:
    return f"No key {key_id} is in use. `pressroom admin keys list` shows the ids."


def _row(key: ApiKey) -> list[str]:
    scopes = "everything" if key.scopes == EVERY_SCOPE else ",".join(in_order(key.scopes))
    return [
        key.id,
        key.tenant,
        words.at(key.created_at),
        _key_state(key),
        scopes,
        key.label,
        bounds.told(key),
    ]


def _key_state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {words.at(key.revoked_at)}"
    if key.expires_at is None:
        return "in use"
    word = "until" if key.expires_at > wall_ms() else "over since"
    return f"{word} {words.at(key.expires_at)}"


def _pool_line(pool: PoolBacklog) -> str:
    line = f"pool {pool.pool}: {pool.due} queued, {pool.free} free places"
    if pool.oldest_due_at is None:
        return line
    return f"{line}, the oldest since {max(0, wall_ms() - pool.oldest_due_at) // 1000} s"


def _model_line(model: LiveModel, workers: int) -> str:
    count = "1 worker" if workers == 1 else f"{workers} workers"
    return f"model {model.name} {model.version} on {model.provider}: {count}"
