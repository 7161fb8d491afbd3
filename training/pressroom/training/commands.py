"""`pressroom train`: what a recipe makes, in a folder of its own. Torch is loaded where a recipe needs it."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from pressroom.training import recipe as recipes
from pressroom.training.data.errors import DataError
from pressroom.training.loop.errors import TrainingError
from pressroom.training.made import Made, NotMade
from pressroom.training.recipe import AnyRecipe, RecipeError
from pressroom.training.rooms import make, not_installed
from pressroom.training.run import Run

OUT = Path("var/train")


@click.command()
@click.argument("name", required=False, metavar="RECIPE")
@click.option("--list", "listed", is_flag=True, help="Show the recipes that are shipped.")
@click.option("--epochs", type=click.IntRange(min=1), help="Another budget than the recipe's.")
@click.option("--cpu-seconds", type=click.FloatRange(min=0, min_open=True), help="The same, in CPU time.")
@click.option("--seed", type=click.IntRange(min=0), help="Another seed than the recipe's.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the data set's files. Without it they are looked for, then fetched.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Where it is made; a run that was broken off there goes on. [default: {OUT}/RECIPE]",
)
@click.option(
    "--from-feedback",
    "feedback",
    type=click.Path(exists=True, path_type=Path),
    help="What `pressroom feedback export` wrote: RECIPE is then a run's folder, which goes on with it in another one.",
)
@click.option(
    "--model",
    metavar="NAME[@VERSION]",
    help="Whose outputs the feedback is about, where it is about several.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def train(
    name: str | None,
    listed: bool,
    epochs: int | None,
    cpu_seconds: float | None,
    seed: int | None,
    data: Path | None,
    out: Path | None,
    feedback: Path | None,
    model: str | None,
    quiet: bool,
) -> None:
    """Train what RECIPE says: the name of one that is shipped (--list), or a file of your own (.toml).

    The same recipe with a budget in epochs gives the same weights, also where it was broken off and went on.
    """
    if listed or name is None:
        _list()
        return
    if epochs is not None and cpu_seconds is not None:
        raise click.UsageError("give --epochs or --cpu-seconds, not both")
    try:
        called, recipe, folder = _begun(name, _budget(epochs, cpu_seconds), seed, out, feedback, model)
        run = Run(folder, click.echo, data, quiet)
        metrics = make(recipe, run)
    except (RecipeError, TrainingError, DataError, NotMade) as error:
        raise click.ClickException(str(error)) from error
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
    Made(called, recipe, metrics).write(run.folder)
    click.echo(f"{run.folder}: " + ", ".join(f"{metric} {value:g}" for metric, value in metrics.items()))


def _begun(
    name: str,
    budget: dict[str, Any],
    seed: int | None,
    out: Path | None,
    feedback: Path | None,
    model: str | None,
) -> tuple[str, AnyRecipe, Path]:
    """Name, recipe and folder of the run, which is there then."""
    if feedback is None:
        recipe, folder = recipes.load(name, budget, seed), out or OUT / Path(name).stem
        folder.mkdir(parents=True, exist_ok=True)
        return Path(name).stem, recipe, folder
    from pressroom.training.preference import start

    base = Path(name) if Path(name).is_dir() else OUT / name
    folder = out or base.with_name(f"{base.name}-preferred")
    plan = start.PLAN.model_copy(update=budget | ({} if seed is None else {"seed": seed}))
    called, preference = start.begin(base, feedback, folder, plan, model)
    return called, preference, folder


def _budget(epochs: int | None, cpu_seconds: float | None) -> dict[str, Any]:
    """In place of the recipe's, whichever it has."""
    if epochs is None and cpu_seconds is None:
        return {}
    return {"epochs": epochs, "cpu_seconds": cpu_seconds}


def _list() -> None:
    table = Table("recipe", "what it makes", "budget")
    for name in recipes.names():
        recipe = recipes.load(name)
        plan = getattr(recipe, "plan", None)
        budget = (
            "–"
            if plan is None
            else f"{plan.epochs} epochs"
            if plan.epochs
            else f"{plan.cpu_seconds:g} s of CPU"
        )
        table.add_row(name, recipe.title, budget)
    Console().print(table)
