"""Watches a job for somebody at a terminal: its text as it comes, its end, and Ctrl-C on the way."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from pressroom.cli import console
from pressroom.cli.stops import Interrupted
from pressroom.client import Client, JobFailed, TextChanged
from pressroom.contract.jobs import JobView


@contextmanager
def interruptible(client: Client, job: JobView, cancel: bool) -> Iterator[None]:
    """On Ctrl-C the job goes on, unless ``cancel``; either way it is said."""
    try:
        yield
    except KeyboardInterrupt:
        console.say("")
        if cancel:
            client.cancel(job.id)
            raise Interrupted(f"Interrupted; job {job.id} is canceled.") from None
        raise Interrupted(
            f"Interrupted; job {job.id} goes on. See it with `pressroom watch {job.id}`, or end it with "
            f"`pressroom cancel {job.id}`.",
        ) from None


def accepted(job: JobView) -> None:
    """Says what was accepted, and what it waits for."""
    place = f", about number {job.queue_position} in the queue" if job.queue_position else ""
    console.note(f"{job.id}: {job.status}{place} ({job.model.name})")
    if job.blocked_reason:
        console.say(f"Waiting: {job.blocked_reason}")


def stream(client: Client, job: JobView, timeout_s: float | None = None) -> JobView:
    """Write the job's first text to stdout while it comes; the ended job.

    Raises JobFailed, and TextChanged where stdout is no terminal: what was written is void then."""
    pieces = client.stream_text(job.id, timeout_s=timeout_s)
    try:
        with console.working("Waiting for the first words"):
            first = next(pieces, "")
        console.write(first)
        for piece in pieces:
            console.write(piece)
    except TextChanged:
        if not console.on_terminal():
            raise
        console.line()
        console.say("The job was begun anew by another worker and has another text:")
        job = finished(client, job.id)
        console.line(job.outputs[0].text or "")
        return job
    except JobFailed:
        console.line()
        raise
    console.line()
    return client.job(job.id)


def finished(client: Client, job_id: str, timeout_s: float | None = None) -> JobView:
    """The job when it has succeeded. Raises JobFailed, TimedOut."""
    with console.working("Working"):
        job = client.wait(job_id, timeout_s)
    return succeeded(job)


def succeeded(job: JobView) -> JobView:
    """Raises JobFailed unless it did."""
    if job.status != "succeeded":
        raise JobFailed(job)
    return job


def print_texts(job: JobView) -> None:
    """All texts of a job to stdout, with a line of dashes between two of them."""
    for n, output in enumerate(job.outputs):
        if n:
            console.line("---")
        console.line(output.text or "")


def summary(job: JobView) -> None:
    """What it took, for somebody at a terminal."""
    timings = job.timings
    parts = [job.id] if job.seed is None else [job.id, f"seed {job.seed}"]
    if timings.started_at is not None and timings.finished_at is not None:
        seconds = (timings.finished_at - timings.started_at) / 1000
        parts.append(f"waited {(timings.started_at - timings.queued_at) / 1000:.1f} s, ran {seconds:.1f} s")
        if job.kind == "text" and seconds > 0:
            parts.append(f"{job.usage.tokens_out} tokens, {job.usage.tokens_out / seconds:.0f} a second")
    console.note(" · ".join(parts))


def timeout_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(min=0, min_open=True),
        metavar="S",
        help="Stop waiting after so many seconds; the job goes on.",
    )(command)


def cancel_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option("--cancel-on-interrupt", "cancel", is_flag=True, help="Ctrl-C also cancels the job.")(
        command
    )
