"""``pressroom feed``: a table of products in, copy and pictures of each row out.

A feed is a batch: ``pressroom batch cancel``, ``retry`` and ``erase`` take its id.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

import click

from pressroom.cli import console
from pressroom.cli.config import Connection
from pressroom.cli.following import timeout_option
from pressroom.cli.saving import write_file
from pressroom.cli.stops import Interrupted, Misuse, Stop
from pressroom.client import Client
from pressroom.client.feed_calls import ExportForm, ExportWhich
from pressroom.contract.feedback import Decision
from pressroom.contract.feeds import FeedView, PieceState, PieceView, Preset

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)


@click.group()
def feed() -> None:
    """Have copy and pictures made of each row of a table."""


@feed.command()
@click.argument("file", type=_FILE)
@click.option("--plan", "plan_file", type=_FILE, help="What to make, as JSON; see docs/feeds.md.")
@click.option(
    "--template", "templates", multiple=True, help="Instead of a plan: make copy by it; once for each."
)
@click.option("--preset", type=click.Choice(get_args(Preset)), help="Whose columns FILE has.")
@click.option("--idempotency-key", metavar="KEY", help="Posting again with the same key makes no second one.")
@click.option("--wait", is_flag=True, help="Wait for the end.")
@timeout_option
@click.pass_obj
def post(
    connection: Connection,
    file: Path,
    plan_file: Path | None,
    templates: tuple[str, ...],
    preset: str | None,
    idempotency_key: str | None,
    timeout_s: float | None,
    *,
    wait: bool,
) -> None:
    """Post FILE, CSV or JSON lines (.jsonl), and write the feed's id."""
    plan = _plan(plan_file, templates, preset)
    with connection.client() as client:
        with console.working(f"Posting {file.name}"):
            made = client.feeds.post(file.read_bytes(), plan, name=file.name, idempotency_key=idempotency_key)
        console.line(made.id)
        if made.counts.refused:
            console.say(
                f"{made.counts.refused} of {made.pieces} pieces were refused; "
                f"`pressroom feed pieces {made.id} --status refused` tells why."
            )
        if wait:
            made = _ended(client, made, timeout_s)
            if made.counts.succeeded < made.pieces:
                raise Stop(_told(made))


@feed.command()
@click.argument("feed_id", metavar="FEED")
@click.option("--json", "as_json", is_flag=True, help="The whole of it as JSON.")
@click.pass_obj
def show(connection: Connection, feed_id: str, *, as_json: bool) -> None:
    """Show how far FEED is."""
    with connection.client() as client:
        found = client.feeds.get(feed_id)
    console.line(found.model_dump_json(by_alias=True) if as_json else _told(found))


@feed.command()
@click.argument("feed_id", metavar="FEED")
@click.option("--status", type=click.Choice(get_args(PieceState)), help="Those alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def pieces(connection: Connection, feed_id: str, status: str | None, *, as_json: bool) -> None:
    """List what was made of FEED, row by row, and what has to be looked at."""
    with connection.client() as client:
        found = (each for each in client.feeds.pieces(feed_id) if status in (None, each.status))
        if as_json:
            for each in found:
                console.line(each.model_dump_json(by_alias=True))
            return
        columns: dict[str, Mapping[str, Any]] = {
            "piece": {},
            "row": {},
            "column": {},
            "status": {},
            "what": {"overflow": "fold"},
        }
        console.table(columns, [_row(each) for each in found])


@feed.command()
@click.argument("feed_id", metavar="FEED")
@click.argument("decision", type=click.Choice(get_args(Decision)))
@click.option("--piece", "numbers", multiple=True, type=click.IntRange(min=1), help="Which; once for each.")
@click.option("--all-ready", is_flag=True, help="All in which nothing was found.")
@click.pass_obj
def decide(
    connection: Connection, feed_id: str, decision: str, numbers: tuple[int, ...], *, all_ready: bool
) -> None:
    """Approve or reject pieces of FEED. Only what is approved goes out."""
    if bool(numbers) == all_ready:
        raise click.UsageError("Give either --piece or --all-ready.")
    with connection.client() as client:
        decided = client.feeds.decide(feed_id, cast(Decision, decision), numbers or None)
    console.say(f"{decided} {'piece is' if decided == 1 else 'pieces are'} {decision}.")
    if numbers and decided < len(set(numbers)):
        raise Stop("The others have nothing that could be published, or are not there.")


@feed.command()
@click.argument("feed_id", metavar="FEED")
@click.option("--out", type=_OUT, required=True, help="Where to: .csv, .jsonl, or .zip with the pictures.")
@click.option(
    "--which",
    type=click.Choice(get_args(ExportWhich)),
    default="approved",
    show_default=True,
    help="Of what was made.",
)
@click.option("--column", "columns", multiple=True, help="This one, once for each. [default: all]")
@click.pass_obj
def export(connection: Connection, feed_id: str, out: Path, which: str, columns: tuple[str, ...]) -> None:
    """Save what can go out of FEED so far."""
    form = out.suffix.removeprefix(".").lower()
    if form not in get_args(ExportForm):
        raise click.UsageError(f"{out.name} has to end with .csv, .jsonl or .zip.")
    with connection.client() as client:
        content = client.feeds.export(
            feed_id,
            form=cast(ExportForm, form),
            which=cast(ExportWhich, which),
            columns=columns,
        )
    write_file(out, content)


def _plan(file: Path | None, templates: tuple[str, ...], preset: str | None) -> dict[str, Any]:
    """Raises UsageError, Misuse."""
    if (file is None) == (not templates):
        raise click.UsageError("Give either --plan or --template.")
    plan: dict[str, Any] = {"outputs": [{"template": name} for name in templates]}
    if file is not None:
        try:
            plan = json.loads(file.read_bytes())
        except ValueError as error:  # also what is no UTF-8
            raise Misuse(f"{file} is no JSON: {error}.") from None
        if not isinstance(plan, dict):
            raise Misuse(f"{file} has to hold a JSON object.")
    return plan if preset is None else plan | {"preset": preset}


def _ended(client: Client, made: FeedView, timeout_s: float | None) -> FeedView:
    try:
        with console.working("Working"):
            return client.feeds.wait(made.id, timeout_s)
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted; feed {made.id} goes on. See it with `pressroom feed show {made.id}`, or end it "
            f"with `pressroom batch cancel {made.id}`."
        ) from None


def _told(made: FeedView) -> str:
    parts = [f"{number} {name}" for name, number in made.counts.model_dump().items() if number]
    return f"{made.id}: {made.status}, {made.pieces} pieces ({', '.join(parts) or 'none'})"


def _row(piece: PieceView) -> list[str]:
    what = piece.error.message if piece.error is not None else piece.text or piece.url or ""
    found = f" [{'; '.join(piece.findings)}]" if piece.findings else ""
    return [str(piece.n), piece.key, piece.column, piece.status, " ".join(what.split()) + found]
