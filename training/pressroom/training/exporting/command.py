"""`pressroom export`: a trained model as a folder that workers open, or build what they open of."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from pressroom.catalog.manifest import Manifest
from pressroom.training.data.errors import DataError
from pressroom.training.evaluating.report import NUMBERS
from pressroom.training.exporting.errors import ExportError, NotServed
from pressroom.training.exporting.weights import Weights
from pressroom.training.made import Made, NotMade
from pressroom.training.recipe import LanguageRecipe, PreferenceRecipe, ServedRecipe
from pressroom.training.rooms import not_installed
from pressroom.training.run import Run

NOTICE = """\
{name}, made by `pressroom train {recipe}` and `pressroom export`.

What this project added: Apache-2.0, like the rest of Pressroom (see LICENSE at the top of the repository).

{whose}"""


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--name", required=True, metavar="NAME", help="What jobs call it.")
@click.option("--version", default="1.0.0", show_default=True)
@click.option("--title", help="One line for people. [default: the recipe's]")
@click.option("--guidance", type=click.FloatRange(0, 10), default=1.0, show_default=True,
              help="What a job has that says nothing.")  # fmt: skip
@click.option("--weights", type=click.Choice(["fp32", "fp16", "int8"]), default="fp32", show_default=True)
@click.option(
    "--tenant",
    help="Whose it is alone; needed for what has learnt from feedback, which stays where it came from.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="[default: model_zoo/NAME]")
def export(
    folder: Path,
    name: str,
    version: str,
    title: str | None,
    guidance: float,
    weights: Weights,
    tenant: str | None,
    out: Path | None,
) -> None:
    """Export what was trained and evaluated in FOLDER.

    A file that is not the trained network, or lighter weights that change its pictures, end this with nothing written.
    """
    try:
        made = Made.read(folder)
        manifest = exported(
            made,
            Run(folder, click.echo),
            name=name,
            version=version,
            title=title or made.recipe.title,
            guidance=guidance,
            weights=weights,
            tenant=tenant,
            out=out or Path("model_zoo") / name,
        )
    except (NotMade, DataError, ExportError) as error:
        raise click.ClickException(str(error)) from error
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
    assert manifest.made is not None
    click.echo(
        f"{out or Path('model_zoo') / name}: {manifest.name} {manifest.version}, parity {manifest.made.parity:.1e}, "
        f"weights {manifest.sha256[:12]}"
    )


def exported(
    made: Made,
    run: Run,
    *,
    name: str,
    version: str,
    title: str,
    guidance: float,
    weights: Weights,
    out: Path,
    tenant: str | None = None,
) -> Manifest:
    """Raises NotServed, NotMade without an evaluation, and what ``write_model`` raises."""
    recipe = made.recipe
    if not isinstance(recipe, ServedRecipe | LanguageRecipe):
        raise NotServed(
            f"No worker opens a model of kind {recipe.kind}; what makes pictures or text, or finds icons, can be exported."
        )
    if isinstance(recipe, PreferenceRecipe) and tenant is None:
        raise NotServed(
            "It has learnt from what a tenant said, and stays with it: say whose it is, --tenant NAME."
        )
    from pressroom.training.exporting.kinds import served
    from pressroom.training.exporting.language import written
    from pressroom.training.exporting.model import About, Told, write_model
    from pressroom.training.exporting.text import write_text_model

    metrics = _evaluated(made, run.folder)

    def about(told: Told) -> About:
        return About(
            name=name,
            version=version,
            title=title,
            origin=f"Made by this project from {told.data}: {_command(made)}.",
            recipe=made.name,
            recipe_sha256=recipe.digest(),
            metrics=metrics,
            notice=NOTICE.format(name=name, recipe=made.name, whose=told.notice),
            tenant=tenant,
            told=told,
        )

    if isinstance(recipe, LanguageRecipe):
        return write_text_model(about(written(recipe)), run.folder, out, weights=weights)
    found = served(recipe, run, guidance)
    return write_model(
        about(found.told),
        found.graphs,
        found.traits,
        out,
        files=found.files,
        weights=weights,
        sheet=run.folder / found.sheet,
    )


def _command(made: Made) -> str:
    """That makes it again."""
    plan = getattr(made.recipe, "plan", None)
    seed = f" --seed {plan.seed}" if plan is not None else ""
    return f"pressroom train {made.name}{seed}"


def _evaluated(made: Made, folder: Path) -> Mapping[str, float]:
    """As `pressroom evaluate` has found it, of these very weights. Raises NotMade."""
    try:
        told = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
    except OSError as error:
        raise NotMade(f"Nobody knows what it is worth: `pressroom evaluate {folder}` comes first.") from error
    if told["recipe_sha256"] != made.recipe.digest():
        raise NotMade(f"{folder / NUMBERS} is of another recipe: `pressroom evaluate {folder}` comes first.")
    found: dict[str, float] = told["metrics"]
    return found
