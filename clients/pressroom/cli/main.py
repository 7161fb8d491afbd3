"""``pressroom``: the commands, and where the connection comes from."""

import sys
from typing import TextIO

import click

from pressroom.cli import config
from pressroom.cli.batch import batch
from pressroom.cli.configure import config as configure
from pressroom.cli.feed import feed
from pressroom.cli.feedback import feedback
from pressroom.cli.image import image
from pressroom.cli.jobs import cancel, erase, fetch, jobs, requeue, submit, watch
from pressroom.cli.lazy import App, Later
from pressroom.cli.models import models
from pressroom.cli.suggest import suggest
from pressroom.cli.text import text
from pressroom.cli.versions import canary, promote, remove, rollback, show, verify
from pressroom.cli.write import write

LATER = {
    "admin": Later(
        "pressroom.admin.commands", "admin", "Keys, migrations, numbers: for operators.", "server"
    ),
    "train": Later("pressroom.training.commands", "train", "Train one of Pressroom's own models.", "train"),
    "evaluate": Later(
        "pressroom.training.evaluating.command",
        "evaluate",
        "Measure what was trained; a page tells it.",
        "train",
    ),
    "export": Later(
        "pressroom.training.exporting.command", "export", "Make a model of what was trained.", "train"
    ),
    "up": Later("pressroom.cli.stack", "up", "Start everything on this machine.", "stack"),
    "demo": Later("pressroom.cli.stack", "demo", "Start, make a text and a picture, stop.", "stack"),
}


@click.command(cls=App, later=LATER, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--url", metavar="URL", help="The server. [default: PRESSROOM_URL, the saved one, this machine]"
)
@click.version_option(package_name="pressroom", prog_name="pressroom")
@click.pass_context
def app(ctx: click.Context, url: str | None) -> None:
    """Have texts and pictures made by your own machines.

    The API key comes from PRESSROOM_API_KEY or `pressroom config`. Results go to stdout, all else to
    stderr. Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 no server, 130 Ctrl-C.
    """
    ctx.obj = config.Connection(url or "").over(config.environment())
    # The operator's commands do without the file, so they must not stop at a broken one.
    if ctx.invoked_subcommand not in LATER:
        ctx.obj = ctx.obj.over(config.load())


for command in (
    text,
    write,
    image,
    submit,
    watch,
    fetch,
    cancel,
    requeue,
    erase,
    jobs,
    batch,
    feed,
    suggest,
    feedback,
    models,
    configure,
):
    app.add_command(command)

VERSIONS = (show, verify, canary, promote, rollback, remove)
for command in VERSIONS:
    models.add_command(command)


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        _never_fails(stream)
    # These work with the packages of the servers, which log; all others are spared the import.
    if {*LATER, "pull", "import", *(each.name for each in VERSIONS)}.intersection(sys.argv[1:]):
        _log_for_people()
    app(prog_name="pressroom")


def _never_fails(stream: TextIO) -> None:
    """A terminal that cannot show a character shows a replacement instead of ending the command."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None and (stream.encoding or "").lower().replace("-", "") != "utf8":
        reconfigure(errors="replace")


def _log_for_people() -> None:
    """Warnings alone, as lines on stderr: stdout is for results."""
    try:
        from pressroom.telemetry import configure_logging
    except ModuleNotFoundError:  # the base install: the command will name the missing extra
        return
    configure_logging("pressroom", level="warning", form="console")


if __name__ == "__main__":
    main()
