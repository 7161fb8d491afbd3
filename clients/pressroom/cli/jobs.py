"""Commands about jobs that are posted: submit, watch, fetch, cancel, erase, jobs."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, get_args

import click

from pressroom.cli import console, following, saving
from pressroom.cli.config import Connection
from pressroom.cli.following import cancel_option, timeout_option
from pressroom.cli.image import FOLDER
from pressroom.cli.stops import Stop
from pressroom.contract.jobs import JobView, StateName


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--idempotency-key", metavar="KEY", help="Posting again with the same key makes no second job.")
@click.pass_obj
def submit(connection: Connection, file: IO[str], idempotency_key: str | None) -> None:
    """Post the job that stands in FILE (JSON, default stdin) and write its id."""
    request = _request(file)
    with connection.client() as client:
        job = client.submit(request, idempotency_key=idempotency_key)
    console.line(job.id)
    if job.blocked_reason:
        console.say(f"Waiting: {job.blocked_reason}")


@click.command()
@click.argument("job_id", metavar="JOB")
@timeout_option
@cancel_option
@click.pass_obj
def watch(connection: Connection, job_id: str, timeout_s: float | None, cancel: bool) -> None:
    """Follow JOB to its end; a text is shown while it comes."""
    with connection.client() as client:
        job = client.job(job_id)
        with following.interruptible(client, job, cancel):
            following.accepted(job)
            if job.kind == "text":
                job = following.stream(client, job, timeout_s)
            else:
                job = following.finished(client, job_id, timeout_s)
                what = f"{len(job.outputs)} pictures" if job.kind == "image" else "Numbers of each text"
                console.line(f"{what}; `pressroom fetch {job.id}` saves them")
        following.summary(job)


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("--out", type=FOLDER, help="Save the outputs there. [default: text to stdout, pictures to out]")
@click.option("--json", "as_json", is_flag=True, help="Write the whole job as JSON instead.")
@click.pass_obj
def fetch(connection: Connection, job_id: str, out: Path | None, as_json: bool) -> None:
    """Get what JOB has made, partial text of one that failed included."""
    with connection.client() as client:
        job = client.job(job_id)
        if as_json:
            console.line(_json(job))
            return
        if job.status in ("queued", "running"):
            raise Stop(f"Job {job.id} is {job.status}. Wait for it with `pressroom watch {job.id}`.")
        if job.kind == "text" and out is None:
            following.print_texts(job)
        elif job.outputs:
            contents = saving.fetch_outputs(client, job)
            for path in saving.save_outputs(job, contents, out or Path("out")):
                console.line(str(path))
        following.succeeded(job)


@click.command()
@click.argument("job_id", metavar="JOB")
@click.pass_obj
def cancel(connection: Connection, job_id: str) -> None:
    """End JOB. What it has written so far is kept."""
    with connection.client() as client:
        job = client.cancel(job_id)
    if job.status == "canceled":
        took = f", after {job.cancel_latency_ms} ms" if job.cancel_latency_ms else ""
        console.say(f"Job {job.id} is canceled{took}.")
    elif job.cancel_requested and job.status == "running":
        console.say(f"Job {job.id} is told to stop; `pressroom watch {job.id}` shows when it has.")
    else:
        console.say(f"Job {job.id} had ended before: {job.status}.")


@click.command()
@click.argument("job_id", metavar="JOB")
@click.pass_obj
def requeue(connection: Connection, job_id: str) -> None:
    """Ask for JOB again, as a new job; one that failed, expired or was canceled."""
    with connection.client() as client:
        job = client.requeue(job_id)
    console.line(job.id)
    console.say(f"Job {job.id} is {job.status}; `pressroom watch {job.id}` shows what comes of it.")


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(connection: Connection, job_id: str, yes: bool) -> None:
    """Remove JOB, its prompt and all that it has made, for good."""
    if not yes:
        click.confirm(f"Remove {job_id} for good?", abort=True, err=True)
    with connection.client() as client:
        client.erase(job_id)
    console.say(f"Job {job_id} is erased.")


@click.command()
@click.option("--status", type=click.Choice(get_args(StateName)), help="Only those that are so.")
@click.option("--model", help="Only those of one model.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Most jobs to list.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def jobs(
    connection: Connection, status: StateName | None, model: str | None, limit: int, as_json: bool
) -> None:
    """List your jobs, newest first."""
    with connection.client() as client:
        found = list(islice(client.jobs(status=status, model=model, page_size=min(limit, 50)), limit))
    if as_json:
        for job in found:
            console.line(_json(job))
        return
    columns: dict[str, Mapping[str, Any]] = {
        "job": {"no_wrap": True},
        "status": {},
        "model": {},
        "queued": {},
        "about": {"overflow": "ellipsis", "no_wrap": True},
    }
    console.table(columns, [_row(job) for job in found])
    if not found:
        console.note("No jobs yet.")


def _request(file: IO[str]) -> dict[str, Any]:
    name = getattr(file, "name", "-")
    try:
        request = json.load(file)
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{name} is not UTF-8 ({error.reason} at byte {error.start}).") from error
    except ValueError as error:
        raise click.UsageError(f"{name} is not JSON: {error}.") from error
    if not isinstance(request, dict):
        raise click.UsageError(
            f'{name} must hold one job, like {{"model": "…", "input": {{"prompt": "…"}}}}.'
        )
    return request


def _json(job: JobView) -> str:
    return job.model_dump_json(by_alias=True)


def _row(job: JobView) -> list[str]:
    queued = datetime.fromtimestamp(job.timings.queued_at / 1000, UTC).astimezone()
    about = getattr(job.params, "label", None) or job.input.prompt or ""
    if job.input.messages:
        about = job.input.messages[-1].content
    return [job.id, job.status, job.model.name, f"{queued:%Y-%m-%d %H:%M:%S}", " ".join(about.split())[:60]]
