"""``pressroom models``: what the server offers; and, on the server's machine, to pull and import."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pressroom.cli import console
from pressroom.cli.config import Connection
from pressroom.cli.stops import Stop, needs


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the models that jobs can be posted for."""
    if ctx.invoked_subcommand is not None:
        return
    connection: Connection = ctx.obj
    with connection.client() as client:
        cards = client.models()
    if as_json:
        for card in cards:
            console.line(card.model_dump_json(by_alias=True))
        return
    headings = ("model", "kind", "version", "workers", "runs on", "licence", "labels")
    columns: dict[str, Mapping[str, Any]] = {heading: {} for heading in headings}
    rows = [
        [
            card.name,
            card.kind,
            card.version,
            str(card.live_workers),
            ", ".join(card.providers),
            card.licence,
            ", ".join(card.labels),
        ]
        for card in cards
    ]
    console.table(columns, rows)


@models.command()
@click.argument("name")
@click.option("--variant", help="Weight format. [default: the manifest's first]")
def pull(name: str, variant: str | None) -> None:
    """Fetch the model NAME onto this machine and make it ready for workers."""
    with needs("worker-cpu"):
        from pressroom.bootstrap import models as wiring

    try:
        with console.loading(f"Pulling {name}") as bar:
            folder = wiring.pull_model(name, variant=variant, progress=bar.at)
    except wiring.ModelError as error:
        raise Stop(str(error)) from error
    console.line(str(folder))


@models.command()
@click.argument("name")
def choose(name: str) -> None:
    """Measure the weight formats of the text model NAME on this machine, and use the fastest from now on."""
    with needs("worker-cpu"):
        from pressroom.bootstrap import models  # noqa: F401  (what the worker beside this needs is there)

    # Engines live in workers' processes alone.
    done = subprocess.run([sys.executable, "-m", "pressroom.worker.choose", name], check=False)
    if done.returncode:
        raise Stop(f"Nothing was chosen for {name}; workers go on as before.")
    console.note("Workers that start from now on use it, unless PRESSROOM_TEXT_VARIANT says otherwise.")


@models.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="What it is to be called here.")
@click.option("--variant", default="q8", show_default=True, help="Weight format.")
@click.option(
    "--context", type=click.IntRange(min=64), help="Most tokens of prompt and text. [default: 2048]"
)
@click.option("--licence", help="[default: what the file says]")
@click.option("--replace", is_flag=True, help="Take the name from other weights.")
def import_(
    file: Path, name: str, variant: str, context: int | None, licence: str | None, replace: bool
) -> None:
    """Make a model of your own from FILE, a GGUF file, for the workers of this machine."""
    with needs("worker-cpu"):
        from pressroom.bootstrap import models as wiring

    try:
        with console.working(f"Importing {file.name}"):
            folder = wiring.import_model(
                file, name, variant=variant, context=context, licence=licence, replace=replace
            )
    except wiring.ModelError as error:
        raise Stop(str(error)) from error
    console.line(str(folder))
    console.note(f"Start a worker for it with PRESSROOM_TEXT_MODEL={name}.")
