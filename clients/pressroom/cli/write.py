"""``pressroom write``: copy by a template, from facts that are named."""

import click

from pressroom.cli import console, following
from pressroom.cli.config import Connection
from pressroom.cli.following import cancel_option, timeout_option
from pressroom.client.calls import write_request
from pressroom.contract.jobs import JobView


def _facts(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    facts = {}
    for each in given:
        name, between, value = each.partition("=")
        if not between or not name:
            raise click.BadParameter(f"{each!r} is no NAME=VALUE.", ctx, param)
        facts[name] = value
    return facts


@click.command()
@click.argument("template")
@click.option(
    "--fact", "facts", multiple=True, callback=_facts, metavar="NAME=VALUE", help="A fact; once for each."
)
@click.option("--voice", help="How your brand speaks: a voice of /v1/voices.")
@click.option("--model", help="[default: the first text model that a worker runs]")
@click.option("--n", "-n", "n", type=click.IntRange(1, 8), help="How many candidates. [default: 4]")
@click.option("--seed", type=int, help="Same seed, same texts.")
@click.option(
    "--free",
    is_flag=True,
    help="Let the model fill gaps as it likes, without the template's ways: for one that writes well.",
)
@click.option("--all", "show_all", is_flag=True, help="Show all candidates and what was found in them.")
@timeout_option
@cancel_option
@click.pass_obj
def write(
    connection: Connection,
    template: str,
    facts: dict[str, str],
    voice: str | None,
    model: str | None,
    n: int | None,
    seed: int | None,
    timeout_s: float | None,
    *,
    free: bool,
    show_all: bool,
    cancel: bool,
) -> None:
    """Write copy by TEMPLATE, e.g. product-description: the best of some candidates.

    Facts stand in it letter by letter. What has to be looked at goes to stderr."""
    params = {name: value for name, value in (("n", n), ("seed", seed)) if value is not None}
    with connection.client() as client:
        name = model or client.pick_model("text").name
        job = client.submit(write_request(template, facts, model=name, voice=voice, free=free, params=params))
        with following.interruptible(client, job, cancel):
            following.accepted(job)
            job = following.finished(client, job.id, timeout_s)
        _show(job, show_all=show_all)
        following.summary(job)


def _show(job: JobView, *, show_all: bool) -> None:
    ranked = sorted(job.outputs, key=lambda each: each.review.rank if each.review is not None else 1)
    for output in ranked if show_all else ranked[:1]:
        if show_all and output.review is not None:
            console.line(f"{output.review.rank}. ({output.review.score:.2f})")
        console.line(output.text or "")
        for finding in output.review.findings if output.review is not None else ():
            console.say(f"Look at it: {finding}")
