"""``pressroom admin``: keys, migrations, numbers."""

import time
from datetime import UTC, datetime

import click

from pressroom.bootstrap import admin as wiring
from pressroom.jobs.ports import ApiKey, LiveModel, PoolBacklog


@click.group()
def admin() -> None:
    """For operators, on a machine that reaches the database (PRESSROOM_HOME or PRESSROOM_DATABASE_URL)."""


@admin.command()
def migrate() -> None:
    """Bring the database to the version of this program."""
    click.echo(f"The database is at version {wiring.migrate()}.", err=True)


@admin.group()
def keys() -> None:
    """API keys. Each belongs to a tenant, and no tenant sees another's jobs."""


@keys.command()
@click.option("--tenant", required=True, help="Whose jobs the key may post and see.")
@click.option("--label", default="", help="What it is for.")
def create(tenant: str, label: str) -> None:
    """Make a key and write it to stdout; it cannot be shown again."""
    tenant, label = _name("--tenant", tenant, 64), _name("--label", label, 128) if label else ""
    with wiring.admin_parts() as parts:
        issued = parts.keys.issue(tenant, label)
    click.echo(issued.token)
    click.echo(f"Key {issued.key.id} of {tenant}. Keep it: only its hash is stored.", err=True)


@keys.command("list")
def list_() -> None:
    """List all keys: id, tenant, made at, state, label."""
    with wiring.admin_parts() as parts:
        found = parts.keys.all()
    for key in found:
        click.echo("\t".join(_row(key)))


@keys.command()
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """Make the key ID useless. Fronts notice within some seconds."""
    # People paste the whole key; the id is its middle.
    parts_of = key_id.split("_")
    known = parts_of[1] if len(parts_of) == 3 and parts_of[0] == "pr" else key_id
    with wiring.admin_parts() as parts:
        if not parts.keys.revoke(known):
            raise click.ClickException(
                f"No key {known} is in use. `pressroom admin keys list` shows the ids."
            )
    click.echo(f"Key {known} is revoked.", err=True)


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


def _name(option: str, value: str, longest: int) -> str:
    value = value.strip()
    if not value or len(value) > longest or not value.isprintable():
        raise click.UsageError(f"{option} is 1 to {longest} printable characters.")
    return value


def _row(key: ApiKey) -> list[str]:
    state = "in use" if key.revoked_at is None else f"revoked {_at(key.revoked_at)}"
    return [key.id, key.tenant, _at(key.created_at), state, key.label]


def _at(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _pool_line(pool: PoolBacklog) -> str:
    line = f"pool {pool.pool}: {pool.due} queued, {pool.free} free places"
    if pool.oldest_due_at is None:
        return line
    return f"{line}, the oldest since {max(0, time.time_ns() // 1_000_000 - pool.oldest_due_at) // 1000} s"


def _model_line(model: LiveModel, workers: int) -> str:
    count = "1 worker" if workers == 1 else f"{workers} workers"
    return f"model {model.name} {model.version} on {model.provider}: {count}"
