"""``pressroom image``: have pictures drawn, or something done with yours, and save what comes, one a file or all in a grid."""

from pathlib import Path
from typing import cast, get_args

import click

from pressroom.cli import console, following, saving
from pressroom.cli.config import Connection
from pressroom.cli.following import cancel_option, timeout_option
from pressroom.cli.stops import Stop
from pressroom.client import Client
from pressroom.client.calls import ImageOptions, image_request
from pressroom.contract.pictures import Operation, Picture

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option(
    "--operation",
    type=click.Choice(get_args(Operation)),
    help="What to do; `pressroom models` lists what a model offers. [default: what the model does first]",
)
@click.option(
    "--picture",
    "pictures",
    multiple=True,
    metavar="FILE|URL|UPLOAD",
    help="What to work on; two for interpolate.",
)
@click.option(
    "--mask", metavar="FILE|URL|UPLOAD", help="Of inpaint: white where the picture is painted anew."
)
@click.option("--words", help="Of icon: what it shows.")
@click.option(
    "--label", help="What to draw; `pressroom models` lists what a model knows. [default: anything]"
)
@click.option("--n", "-n", "n", type=int, help="How many pictures.")
@click.option("--strength", type=float, help="Of variation, from 0 to 1; of edit, in standard deviations.")
@click.option("--attribute", help="Of edit: what there is more or less of.")
@click.option("--grid", type=FILE, help="Save all in one picture: PNG, WebP or JPEG.")
@click.option("--sheet", is_flag=True, default=None, help="Have all made into one picture by the server.")
@click.option("--out", type=FOLDER, help="Save each in this folder. [default: out, without --grid]")
@click.option("--model", help="[default: the first that offers the operation and that a worker runs]")
@click.option("--scale", type=int, help="Whole-number magnification.")
@click.option("--colour", metavar="#RRGGBB", help="Of icon.")
@click.option("--size", type=int, help="Of icon: pixels a side.")
@click.option("--format", "format_", type=click.Choice(["png", "webp", "svg"]), help="Of each picture.")
@click.option("--seed", type=int, help="Same seed, same pictures.")
@click.option(
    "--guidance",
    type=float,
    help="How far to lean towards the label: 0 ignores it, above 1 exaggerates it. [default: the model's]",
)
@click.option("--truncation", type=float, help="By what noise is multiplied: less is more typical.")
@timeout_option
@cancel_option
@click.pass_obj
def image(
    connection: Connection,
    /,
    pictures: tuple[str, ...],
    mask: str | None,
    words: str | None,
    grid: Path | None,
    out: Path | None,
    model: str | None,
    format_: str | None,
    timeout_s: float | None,
    cancel: bool,
    **given: object,
) -> None:
    """Draw pictures, or work on yours; the paths of the files are written to stdout."""
    if grid is not None:
        saving.grid_format(grid)
    named = {name: value for name, value in {**given, "format": format_}.items() if value is not None}
    params = cast(ImageOptions, named)
    with connection.client() as client:
        request = image_request(
            model=model or client.pick_model("image", params.get("operation")).name,
            words=words,
            pictures=[_sent(client, picture) for picture in pictures],
            mask=None if mask is None else _sent(client, mask),
            params=params,
        )
        job = client.submit(request)
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


def _sent(client: Client, told: str) -> Picture:
    """A file is uploaded, for this job alone; a URL is for the server to fetch. Raises Stop."""
    if told.startswith(("https://", "http://")):
        return Picture(url=told)
    if told.startswith("upl_") and not Path(told).exists():
        return Picture(upload=told)
    try:
        content = Path(told).read_bytes()
    except OSError as error:
        raise Stop(f"{told} cannot be read ({error.strerror or error}).") from error
    return Picture(upload=client.upload(content).id, goes_with_job=True)
