"""``pressroom batch``: post many jobs as a file of JSON lines, and fetch their results as one."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click

from pressroom.cli import console
from pressroom.cli.config import Connection
from pressroom.cli.following import timeout_option
from pressroom.cli.saving import write_pieces
from pressroom.cli.stops import Interrupted, Stop
from pressroom.client import Client
from pressroom.client.batches import RowDefaults
from pressroom.contract.batches import BatchView

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)
_POLL_S = 1.0


@click.group()
def batch() -> None:
    """Post many jobs as one file, one a line."""


@batch.command()
@click.argument("file", type=_FILE)
@click.option("--model", help="Of rows that name none.")
@click.option("--priority", type=click.IntRange(0, 9), help="Of rows that name none.")
@click.option("--idempotency-key", metavar="KEY", help="Posting again with the same key makes no second one.")
@click.option("--wait", is_flag=True, help="Wait for the end.")
@click.option("--out", type=_OUT, help="Wait, and save the results there, as JSON lines.")
@timeout_option
@click.pass_obj
def post(
    connection: Connection,
    file: Path,
    model: str | None,
    priority: int | None,
    idempotency_key: str | None,
    wait: bool,
    out: Path | None,
    timeout_s: float | None,
) -> None:
    """Post FILE, which holds one job as JSON a line, and write the batch's id."""
    defaults = RowDefaults()
    if model is not None:
        defaults["model"] = model
    if priority is not None:
        defaults["priority"] = priority
    with connection.client() as client:
        with console.working(f"Posting {file.name}"):
            made = client.batches.post(file, idempotency_key=idempotency_key, **defaults)
        console.line(made.id)
        _tell_refused(client, made)
        if wait or out is not None:
            made = ended(client, made, timeout_s)
            if out is not None:
                write_pieces(out, _result_lines(client, made.id))
            _judge(made)


@batch.command()
@click.argument("batch_id", metavar="BATCH")
@click.option("--json", "as_json", is_flag=True, help="The whole of it as JSON.")
@click.pass_obj
def show(connection: Connection, batch_id: str, as_json: bool) -> None:
    """Show how far BATCH is."""
    with connection.client() as client:
        found = client.batches.get(batch_id)
    if as_json:
        console.line(found.model_dump_json(by_alias=True))
        return
    console.line(f"{found.id}: {found.status}, {_counts(found)}")


@batch.command()
@click.argument("batch_id", metavar="BATCH")
@click.option("--out", type=_OUT, help="Save them there. [default: stdout]")
@click.pass_obj
def results(connection: Connection, batch_id: str, out: Path | None) -> None:
    """Get the results of BATCH so far, as JSON lines in the order of its rows."""
    with connection.client() as client:
        if out is not None:
            write_pieces(out, _result_lines(client, batch_id))
            return
        for line in _result_lines(client, batch_id):
            console.write(line.decode())


@batch.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Most to list.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_(connection: Connection, limit: int, as_json: bool) -> None:
    """List your batches, newest first."""
    with connection.client() as client:
        found = list(islice(client.batches.list(), limit))
    if as_json:
        for each in found:
            console.line(each.model_dump_json(by_alias=True))
        return
    columns: dict[str, Mapping[str, Any]] = {
        "batch": {"no_wrap": True},
        "status": {},
        "rows": {},
        "refused": {},
        "posted": {},
    }
    console.table(columns, [_row(each) for each in found])
    if not found:
        console.note("No batches yet.")


@batch.command()
@click.argument("batch_id", metavar="BATCH")
@click.pass_obj
def cancel(connection: Connection, batch_id: str) -> None:
    """End BATCH: what waits never runs. Results that are there are kept."""
    with connection.client() as client:
        found = client.batches.cancel(batch_id)
    console.say(f"Batch {found.id} is {found.status}: {_counts(found)}.")


@batch.command()
@click.argument("batch_id", metavar="BATCH")
@click.pass_obj
def retry(connection: Connection, batch_id: str) -> None:
    """Have the rows of BATCH made anew that failed; all others are kept."""
    with connection.client() as client:
        found = client.batches.retry(batch_id)
    console.say(f"Batch {found.id} is {found.status}: {_counts(found)}.")


@batch.command()
@click.argument("batch_id", metavar="BATCH")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(connection: Connection, batch_id: str, yes: bool) -> None:
    """Remove BATCH, its jobs and all that they made, for good."""
    if not yes:
        click.confirm(f"Remove {batch_id} and all of its jobs for good?", abort=True, err=True)
    with connection.client() as client:
        client.batches.erase(batch_id)
    console.say(f"Batch {batch_id} is erased.")


def _tell_refused(client: Client, made: BatchView) -> None:
    """The first rows that were refused, each with its line."""
    if not made.refused:
        return
    for row in islice(client.batches.rows(made.id, status="refused"), 10):
        console.say(f"line {row.n}: {row.error.message if row.error is not None else 'refused'}")
    if made.refused > 10:
        console.say(f"… and {made.refused - 10} more; `pressroom batch results {made.id}` tells all.")


def ended(client: Client, made: BatchView, timeout_s: float | None) -> BatchView:
    """The batch at its end; on Ctrl-C it goes on. Raises TimedOut, Interrupted."""
    try:
        with console.working("Working"):
            return client.batches.wait(made.id, timeout_s, poll_s=_POLL_S)
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted; batch {made.id} goes on. See it with `pressroom batch show {made.id}`, or end it "
            f"with `pressroom batch cancel {made.id}`."
        ) from None


def _judge(made: BatchView) -> None:
    """Raises Stop unless every row succeeded."""
    if made.counts is not None and made.counts.succeeded < made.rows:
        raise Stop(f"Batch {made.id} is {made.status}: {_counts(made)}.")


def _result_lines(client: Client, batch_id: str) -> Iterator[bytes]:
    for result in client.batches.results(batch_id):
        yield result.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n"


def _counts(made: BatchView) -> str:
    if made.counts is None:
        return f"{made.rows} rows"
    parts = [f"{number} {name}" for name, number in made.counts.model_dump().items() if number]
    return f"{made.rows} rows ({', '.join(parts) or 'none'})"


def _row(made: BatchView) -> list[str]:
    posted = datetime.fromtimestamp(made.created_at / 1000, UTC).astimezone()
    return [made.id, made.status, str(made.rows), str(made.refused), f"{posted:%Y-%m-%d %H:%M:%S}"]
