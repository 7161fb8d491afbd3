"""``python -m tests.chaos --database sqlite|postgres --seconds 120 --seed 7``: the last line is JSON."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import click
from tests.chaos.run import Plan, run, show
from tests.chaos.stage import NoServer


@click.command()
@click.option("--database", type=click.Choice(["sqlite", "postgres"]), default="sqlite")
@click.option("--seconds", type=float, default=120.0, help="How long things break.")
@click.option("--seed", type=int, default=7)
@click.option("--engine", type=click.Choice(["fake", "real"]), default="fake")
@click.option("--only", multiple=True, help="Names of faults; all that fit when absent.")
@click.option("--mutation", default="", help="A guard to take out first, see mutations: it must go red.")
@click.option("--out", type=click.Path(path_type=Path), help="Append the JSON line to this file.")
def main(
    database: str,
    seconds: float,
    seed: int,
    engine: str,
    only: tuple[str, ...],
    mutation: str,
    out: Path | None,
) -> None:
    """Break a running pressroom at random, and count what is lost or doubled."""
    folder = Path(tempfile.mkdtemp(prefix="pr-chaos-"))
    try:
        workers = 3 if engine == "fake" else 2
        told = run(Plan(database, seconds, seed, engine, only, workers, mutation), folder)
    except NoServer as error:
        raise click.ClickException(str(error)) from None
    show(told.stories)
    line = json.dumps(told.line(), ensure_ascii=False)
    if out is not None:
        with out.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    if told.good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"kept: {folder}", file=sys.stderr)  # noqa: T201
    print(line)  # noqa: T201
    sys.exit(0 if told.good else 1)


main()
