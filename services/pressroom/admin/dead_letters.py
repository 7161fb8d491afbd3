"""``pressroom admin dead-letters`` and ``requeue``: jobs that took their worker with them, and once more."""

import json
from dataclasses import asdict

import click

from pressroom.admin import words
from pressroom.bootstrap import admin as wiring
from pressroom.domain.errors import PressroomError
from pressroom.jobs.requeue import DeadLetter

_MOST = 1_000


@click.command("dead-letters")
@click.option("--tenant", help="Only this tenant's.")
@click.option("--limit", type=click.IntRange(1, _MOST), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def dead_letters(tenant: str | None, limit: int, as_json: bool) -> None:
    """Jobs that ended their worker three times, the last time alone with it: the latest first.

    Id, tenant, model, ended at, crashes, and the job that was made of it since, or -."""
    with wiring.admin_parts() as parts:
        found = parts.requeues.dead_letters(tenant, limit)
    for letter in found:
        click.echo(json.dumps(asdict(letter)) if as_json else "\t".join(_row(letter)))
    if not found:
        click.echo("There are none.", err=True)


@click.command()
@click.argument("job_ids", metavar="[JOB]...", nargs=-1)
@click.option("--all-dead-letters", is_flag=True, help="All that were not requeued yet.")
@click.option("--tenant", help="With --all-dead-letters: only this tenant's.")
@click.option("--dry-run", is_flag=True, help="Say which, and do nothing.")
def requeue(job_ids: tuple[str, ...], all_dead_letters: bool, tenant: str | None, dry_run: bool) -> None:
    """Make a new job of each JOB, which stays as it ended; the new ids go to stdout."""
    if bool(job_ids) == all_dead_letters or (tenant is not None and not all_dead_letters):
        raise click.UsageError("Name jobs, or give --all-dead-letters (and --tenant).")
    refused = 0
    with wiring.admin_parts() as parts:
        if all_dead_letters:
            letters = parts.requeues.dead_letters(tenant, _MOST)
            job_ids = tuple(letter.id for letter in letters if letter.requeued_as is None)
        requeuer = parts.requeuer()
        for job_id in job_ids:
            if dry_run:
                click.echo(job_id)
                continue
            try:
                made = requeuer.requeue_any(job_id)
            except PressroomError as error:
                refused += 1
                click.echo(f"{job_id}: {error.message} ({error.code})", err=True)
                continue
            click.echo(made.job.id)
            how = "is requeued as" if made.created else "was requeued before as"
            click.echo(f"{job_id} {how} {made.job.id}.", err=True)
    if not job_ids:
        click.echo("There are none.", err=True)
    if refused:
        raise click.ClickException(f"{refused} of {len(job_ids)} were not requeued.")


def _row(letter: DeadLetter) -> list[str]:
    ended = words.at(letter.finished_at)
    return [letter.id, letter.tenant, letter.model, ended, str(letter.crashes), letter.requeued_as or "-"]
