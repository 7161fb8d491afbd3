"""``pressroom text``: have a text written and see it come."""

import sys
from typing import cast

import click

from pressroom.cli import console, following
from pressroom.cli.config import Connection
from pressroom.cli.following import cancel_option, timeout_option
from pressroom.client.calls import TextOptions, text_request


@click.command()
@click.argument("prompt")
@click.option(
    "--stream/--no-stream", default=None, help="Write the text while it comes. [default: on a terminal]"
)
@click.option("--model", help="[default: the first text model that a worker runs]")
@click.option("--system", metavar="TEXT", help="Instructions that stand before the prompt.")
@click.option("--max-tokens", type=int, help="Most tokens of a text.")
@click.option("--temperature", type=float, help="0 is greedy.")
@click.option("--top-p", type=float, help="Keep the likeliest tokens with this share of the probability.")
@click.option("--top-k", type=int, help="Keep the k likeliest tokens; 0 keeps all.")
@click.option("--repetition-penalty", type=float, help="1 is off.")
@click.option("--seed", type=int, help="Same seed, same text.")
@click.option("--stop", multiple=True, metavar="TEXT", help="End before this string; up to four times.")
@click.option("--n", "-n", "n", type=int, help="How many texts.")
@timeout_option
@cancel_option
@click.pass_obj
def text(
    connection: Connection,
    /,
    prompt: str,
    stream: bool | None,
    model: str | None,
    system: str | None,
    timeout_s: float | None,
    cancel: bool,
    **given: object,
) -> None:
    """Write a text from PROMPT (`-` reads it from stdin)."""
    several = given["n"] not in (None, 1)
    if stream and several:
        raise click.UsageError("--stream shows one text; leave out --n or --stream.")
    words = sys.stdin.read() if prompt == "-" else prompt
    params = cast(TextOptions, {name: value for name, value in given.items() if value not in (None, ())})
    with connection.client() as client:
        name = model or client.pick_model("text").name
        job = client.submit(text_request(words, model=name, system=system, params=params))
        with following.interruptible(client, job, cancel):
            following.accepted(job)
            if console.on_terminal() and not several if stream is None else stream:
                job = following.stream(client, job, timeout_s)
            else:
                job = following.finished(client, job.id, timeout_s)
                following.print_texts(job)
        following.summary(job)
