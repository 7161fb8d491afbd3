"""``pressroom feedback``: say what you think of a job, and save all that was said as data sets."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import click

from pressroom.cli import console
from pressroom.cli.config import Connection
from pressroom.client import ApiProblem, Client
from pressroom.client.feedback import Opinion
from pressroom.contract.feedback import Decision, FeedbackView
from pressroom.contract.jobs import JobView

_GONE = frozenset({"job_erased", "job_unknown"})


@click.group()
def feedback() -> None:
    """Rate what was made; save what was said."""


@feedback.command()
@click.argument("job_id", metavar="JOB")
@click.option("--rating", type=click.IntRange(1, 5), help="From 1, useless, to 5, as wished.")
@click.option(
    "--output", type=click.IntRange(min=0), default=0, show_default=True, help="Which output it is about."
)
@click.option("--chosen", type=click.IntRange(min=0), help="The output that you took.")
@click.option(
    "--edited", type=click.File("r", encoding="utf-8"), help="File with the text as you published it."
)
@click.option("--comment", help="For people.")
@click.option(
    "--decision", type=click.Choice(["approved", "rejected"]), help="Whether the output may be published."
)
@click.pass_obj
def give(
    connection: Connection,
    job_id: str,
    rating: int | None,
    output: int,
    chosen: int | None,
    edited: IO[str] | None,
    comment: str | None,
    decision: Decision | None,
) -> None:
    """Say what you think of JOB's outputs."""
    opinion = Opinion(output=output)
    if rating is not None:
        opinion["rating"] = rating
    if chosen is not None:
        opinion["chosen"] = chosen
    if edited is not None:
        opinion["edited"] = edited.read()
    if comment is not None:
        opinion["comment"] = comment
    if decision is not None:
        opinion["decision"] = decision
    if len(opinion) == 1:
        raise click.UsageError("Give --rating, --chosen, --edited, --comment or --decision.")
    with connection.client() as client:
        console.line(client.feedback.give(job_id, **opinion).id)


@feedback.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("feedback"),
    show_default=True,
    help="Folder for the files.",
)
@click.pass_obj
def export(connection: Connection, out: Path) -> None:
    """Save all feedback as data sets of JSON lines.

    ratings.jsonl: each rating, with the output's text or seed. preferences.jsonl: what was chosen, over what was not.
    edits.jsonl: each text as it was made, and as it was published.
    """
    out.mkdir(parents=True, exist_ok=True)
    with connection.client() as client:
        told = list(client.feedback.all())
        jobs = {job_id: _job(client, job_id) for job_id in {each.job_id for each in told}}
    kept = [(each, job) for each in told if (job := jobs[each.job_id]) is not None]
    for name, rows in (
        ("ratings.jsonl", (_rating(each, job) for each, job in kept if each.rating is not None)),
        ("preferences.jsonl", (_preference(each, job) for each, job in kept if each.chosen is not None)),
        ("edits.jsonl", (_edit(each, job) for each, job in kept if each.edited is not None)),
    ):
        console.say(f"{_written(out / name, rows)} in {out / name}")


def _job(client: Client, job_id: str) -> JobView | None:
    """None: it was erased while we read."""
    try:
        return client.job(job_id)
    except ApiProblem as error:
        if error.code in _GONE:
            return None
        raise


def _written(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """How many. The file appears whole."""
    part = path.with_suffix(".part")
    count = 0
    with part.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    part.replace(path)
    return count


def _rating(each: FeedbackView, job: JobView) -> dict[str, Any]:
    return {
        **_made(each, job),
        "output": _output(job, each.output),
        "rating": each.rating,
        "comment": each.comment,
    }


def _preference(each: FeedbackView, job: JobView) -> dict[str, Any]:
    others = [output.n for output in job.outputs if output.n != each.chosen]
    return {
        **_made(each, job),
        "chosen": _output(job, each.chosen or 0),
        "rejected": [_output(job, n) for n in others],
    }


def _edit(each: FeedbackView, job: JobView) -> dict[str, Any]:
    return {**_made(each, job), "original": _output(job, each.output), "edited": each.edited}


def _made(each: FeedbackView, job: JobView) -> dict[str, Any]:
    """What it takes to make the output again."""
    return {
        "job": each.job_id,
        "model": each.model.model_dump(),
        "seed": each.seed,
        "input": job.input.model_dump(exclude_none=True),
        "params": job.params.model_dump(exclude_none=True),
    }


def _output(job: JobView, n: int) -> dict[str, Any]:
    """Its number and, of a text, the text; a picture is made again by its seed."""
    return next(
        (
            {"n": output.n, **({} if output.text is None else {"text": output.text})}
            for output in job.outputs
            if output.n == n
        ),
        {"n": n},
    )
