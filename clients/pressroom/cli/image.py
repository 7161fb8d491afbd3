"""``pressroom image``: have pictures drawn and save them, one a file or all in a grid."""

from pathlib import Path
from typing import cast

import click

from pressroom.cli import console, following, saving
from pressroom.cli.config import Connection
from pressroom.cli.following import cancel_option, timeout_option
from pressroom.client.calls import ImageOptions, image_request

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option(
    "--label", help="What to draw; `pressroom models` lists what a model knows. [default: anything]"
)
@click.option("--n", "-n", "n", type=int, help="How many pictures.")
@click.option("--grid", type=FILE, help="Save all in one picture: PNG, WebP or JPEG.")
@click.option("--out", type=FOLDER, help="Save each in this folder. [default: out, without --grid]")
@click.option("--model", help="[default: the first picture model that a worker runs]")
@click.option("--scale", type=int, help="Whole-number magnification.")
@click.option("--format", "format_", type=click.Choice(["png", "webp"]), help="Of each picture.")
@click.option("--seed", type=int, help="Same seed, same pictures.")
@click.option(
    "--guidance",
    type=float,
    help="How far to lean towards the label: 0 ignores it, above 1 exaggerates it. [default: the model's]",
)
@timeout_option
@cancel_option
@click.pass_obj
def image(
    connection: Connection,
    /,
    grid: Path | None,
    out: Path | None,
    model: str | None,
    format_: str | None,
    timeout_s: float | None,
    cancel: bool,
    **given: object,
) -> None:
    """Draw pictures; the paths of the files are written to stdout."""
    if grid is not None:
        saving.grid_format(grid)
    params = {name: value for name, value in {**given, "format": format_}.items() if value is not None}
    with connection.client() as client:
        name = model or client.pick_model("image").name
        job = client.submit(image_request(model=name, params=cast(ImageOptions, params)))
        with following.interruptible(client, job, cancel):
            following.accepted(job)
            job = following.finished(client, job.id, timeout_s)
            contents = saving.fetch_outputs(client, job)
        if grid is not None:
            console.line(str(saving.save_grid(contents, grid)))
        if out is not None or grid is None:
            for path in saving.save_outputs(job, contents, out or Path("out")):
                console.line(str(path))
        following.summary(job)
