"""``pressroom up`` and ``pressroom demo``: the whole of Pressroom on this machine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pressroom import settings as configuration
from pressroom.bootstrap.models import ModelError, pull_model
from pressroom.cli import console
from pressroom.cli.demo import run_demo
from pressroom.cli.stops import Stop
from pressroom.settings import Settings
from pressroom.stack.errors import StackError
from pressroom.stack.foreground import keep_running


@click.command()
def up() -> None:
    """Start everything on this machine and keep it running until Ctrl-C."""
    settings = configuration.load()
    with _told():
        _pull(settings)
        keep_running(settings)


@click.command()
@click.option(
    "--out",
    default="out",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where text, picture, table and page go.",
)
@click.option("--prompt", default="Write one short sentence that sells a blue coffee mug.", show_default=True)
@click.option("--label", default="sneaker", show_default=True, help="What the picture shows.")
def demo(out: Path, prompt: str, label: str) -> None:
    """Start everything, have a text, a picture and a feed of twelve rows made through the HTTP API, stop everything."""
    settings = configuration.load()
    with _told():
        seconds = _pull(settings)
        run_demo(settings, out=out, prompt=prompt, label=label, before=[("get the text model", seconds)])


def _pull(settings: Settings) -> float:
    """The text model on this machine, fetched where it is missing; the seconds that took."""
    if settings.engine == "fake":
        return 0.0
    began = time.monotonic()
    with console.loading(f"Fetching {settings.text_model}") as bar:
        pull_model(
            settings.text_model,
            variant=settings.text_variant or None,
            progress=bar.at,
            settings=settings,
        )
    return time.monotonic() - began


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (StackError, ModelError) as error:
        raise Stop(str(error)) from error
