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
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, as_json)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_(connection: Connection, as_json: bool) -> None:
    """List the models that jobs can be posted for."""
    _list(connection, as_json)


def _list(connection: Connection, as_json: bool) -> None:
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

    if in_a_workers_process("choose", name):
        raise Stop(f"Nothing was chosen for {name}; workers go on as before.")
    console.note("Workers that start from now on use it, unless PRESSROOM_TEXT_VARIANT says otherwise.")


@models.command()
@click.argument("name")
@click.option("--variant", help="Weight format. [default: all that were imported]")
def check(name: str, variant: str | None) -> None:
    """Hold the imported model NAME against what its original weights say, with the runtime of today."""
    with needs("worker-cpu"):
        from pressroom.bootstrap import models  # noqa: F401

    if in_a_workers_process("check", name, *(["--variant", variant] if variant else [])):
        raise Stop(f"{name} is not to be trusted as it is.")


@models.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--name", help="What it is to be called here; a model that `pressroom export` made has its own."
)
@click.option("--variant", default="q8", show_default=True, help="Weight format: q8, i8, q4lr, fp32, fp16.")
@click.option(
    "--context", type=click.IntRange(min=64), help="Most tokens of prompt and text. [default: 2048]"
)
@click.option("--licence", help="[default: what the files say]")
@click.option("--replace", is_flag=True, help="Take the name from other weights.")
def import_(
    path: Path, name: str | None, variant: str, context: int | None, licence: str | None, replace: bool
) -> None:
    """Make a model of your own from PATH, for the workers of this machine.

    PATH is a GGUF file, or a folder with config.json, tokenizer.json and *.safetensors, of a Llama, Mistral, Qwen2,
    Qwen3, Gemma 3, Phi-3 or SmolLM3. What was built is held against the weights in float32, and refused if it is far
    from them. Or it is a folder that `pressroom export` made: that lies beside the model's other versions then."""
    with needs("worker-cpu"):
        from pressroom.bootstrap import models  # noqa: F401

    if (path / "manifest.json").is_file():
        if name is not None:
            raise click.UsageError("This model has a name of its own: leave --name away.")
        if in_a_workers_process("importing", str(path)):
            raise Stop(f"{path.name} was not taken in.")
        console.note("`pressroom models canary` tries it on a share of the jobs, `promote` makes it stable.")
        return
    if name is None:
        raise click.UsageError("Give --name.")
    options = ["--name", name, "--variant", variant]
    options += ["--context", str(context)] if context else []
    options += ["--licence", licence] if licence else []
    options += ["--replace"] if replace else []
    if in_a_workers_process("importing", str(path), *options):
        raise Stop(f"{path.name} was not imported.")
    console.note(f"Start a worker for it with PRESSROOM_TEXT_MODEL={name}.")


def in_a_workers_process(module: str, *arguments: str) -> int:
    """Engines live in workers' processes alone. The exit status of ``python -m pressroom.worker.<module>``."""
    command = [sys.executable, "-m", f"pressroom.worker.{module}", *arguments]
    return subprocess.run(command, check=False).returncode
