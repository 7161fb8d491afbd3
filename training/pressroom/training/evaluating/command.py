"""`pressroom evaluate`: what a trained model is worth."""

from pathlib import Path

import click

from pressroom.training.data.errors import DataError
from pressroom.training.evaluating import report
from pressroom.training.evaluating.found import Found, Picture
from pressroom.training.loop.errors import TrainingError
from pressroom.training.made import Made, NotMade
from pressroom.training.recipe import PictureRecipe, PreferenceRecipe
from pressroom.training.rooms import make, not_installed
from pressroom.training.run import Run

GUIDANCES = (1.0, 1.5, 2.0)
SAMPLES = 10_000

_PICTURES = (
    ("Where the words lie", "map.png"),
    ("Points", "scatter.png"),
    (
        "Test pictures, what the network makes of them, and what principal components make of them",
        "reconstructions.png",
    ),
    ("Variations, stronger to the right", "variations.png"),
    ("From one picture to another", "interpolations.png"),
)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--guidance",
    "guidances",
    type=click.FloatRange(0, 10),
    multiple=True,
    default=GUIDANCES,
    show_default=True,
    help="Give it several times; the first one's figures are the model's.",
)
@click.option("--samples", type=click.IntRange(min=100, max=10_000), default=SAMPLES, show_default=True)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the data set's files, as for `pressroom train`.",
)
def evaluate(folder: Path, guidances: tuple[float, ...], samples: int, data: Path | None) -> None:
    """Measure what `pressroom train` has left in FOLDER; `report.html` and `evaluation.json` tell it there."""
    run = Run(folder, click.echo, data, quiet=True)
    try:
        made = Made.read(folder)
        found = found_in(made, run, guidances, samples)
        page = report.write(made.recipe, found, folder)
    except (NotMade, DataError, TrainingError) as error:
        raise click.ClickException(str(error)) from error
    except ModuleNotFoundError as error:
        raise not_installed(error) from error
    for name, value in found.metrics.items():
        click.echo(f"{name} {value:g}")
    click.echo(f"{page}")


def found_in(made: Made, run: Run, guidances: tuple[float, ...], samples: int) -> Found:
    """By its kind. Whatever makes no pictures is measured by its room, which does not train again what is done."""
    recipe = made.recipe.base if isinstance(made.recipe, PreferenceRecipe) else made.recipe
    if isinstance(recipe, PictureRecipe):
        from pressroom.training.evaluating.kinds import evaluate_pictures

        return evaluate_pictures(recipe, run, guidances, samples)
    metrics = make(recipe, run)
    texts = run.folder / "samples.txt"
    return Found(
        metrics,
        [Picture(title, file) for title, file in _PICTURES if (run.folder / file).is_file()],
        texts=texts.read_text(encoding="utf-8").splitlines() if texts.is_file() else (),
    )
