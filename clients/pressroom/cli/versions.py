"""``pressroom models show`` and on: versions of this machine's models; shown, verified, tried, promoted, removed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from pressroom.cli import console
from pressroom.cli.models import in_a_workers_process
from pressroom.cli.stops import Stop, needs

if TYPE_CHECKING:
    from pressroom.catalog.routes import Route
    from pressroom.catalog.shelf import Shelf


@click.command()
@click.argument("name")
def show(name: str) -> None:
    """The versions of NAME on this machine, what each is worth, and which of them jobs get."""
    with _shelf() as shelf:
        standings = shelf.standings(name)
    newest = standings[0].kept.manifest
    console.note(f"{newest.title}. {newest.description}")
    headings = ("version", "jobs", "weights", "size", "made by", "measured")
    columns: dict[str, Mapping[str, Any]] = {heading: {} for heading in headings}
    rows = []
    for one in standings:
        manifest = one.kept.manifest
        rows.append(
            [
                manifest.version,
                f"{one.role} {one.share:.0%}" if one.share else one.role,
                manifest.sha256[:12],
                f"{manifest.size / 1e6:.1f} MB" if manifest.size else "",
                manifest.made.recipe if manifest.made is not None else manifest.origin,
                ", ".join(f"{key} {value:g}" for key, value in sorted(manifest.metrics.items())),
            ]
        )
    console.table(columns, rows)


@click.command()
@click.argument("name")
def verify(name: str) -> None:
    """Hold the files of NAME, or NAME@VERSION, against their hashes, and its graphs against what they said when they were
    made."""
    with needs("worker-cpu"):
        from pressroom.bootstrap import models  # noqa: F401

    if in_a_workers_process("verify", name):
        raise Stop(f"{name} is not to be used as it is.")


@click.command()
@click.argument("name")
@click.argument("version")
@click.option(
    "--share", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.05, show_default=True,
    help="Of the jobs that name no version.",
)  # fmt: skip
def canary(name: str, version: str, share: float) -> None:
    """Try VERSION of NAME on a share of the jobs."""
    with _shelf() as shelf:
        _told(name, shelf.canary(name, version, share))


@click.command()
@click.argument("name")
@click.argument("version", required=False)
def promote(name: str, version: str | None) -> None:
    """Make VERSION of NAME stable; the canary, where none is given."""
    with _shelf() as shelf:
        _told(name, shelf.promote(name, version))


@click.command()
@click.argument("name")
def rollback(name: str) -> None:
    """Take the canary of NAME back; without one, what was promoted last."""
    with _shelf() as shelf:
        _told(name, shelf.rollback(name))


@click.command()
@click.argument("name")
@click.argument("version")
def remove(name: str, version: str) -> None:
    """Delete VERSION of NAME from this machine, if no job may come for it."""
    with _shelf() as shelf:
        console.line(str(shelf.remove(name, version)))


@contextmanager
def _shelf() -> Iterator["Shelf"]:
    """This machine's models; what is refused ends the command with its sentence."""
    with needs("stack"):
        from pressroom import settings
        from pressroom.bootstrap.versions import open_shelf
        from pressroom.domain.errors import PressroomError

    try:
        with open_shelf(settings.load()) as shelf:
            yield shelf
    except PressroomError as error:
        raise Stop(error.message) from error


def _told(name: str, route: "Route") -> None:
    flying = f", {route.share:.0%} of the jobs get {route.canary}" if route.canary else ""
    console.line(
        f"{name}: {route.stable or 'what was stable'} is stable{flying}. Fronts see it within seconds."
    )
