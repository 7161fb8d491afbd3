"""The options that bound an API key: the same where one is made and where one is changed."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pressroom.domain.errors import InputInvalid
from pressroom.domain.limits import KeyLimits
from pressroom.jobs.ports import ApiKey

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--model", "models", multiple=True, help="A model that it may name, once for each; else all."
    ),
    click.option("--requests-minute", type=click.IntRange(1), help="Requests that ask for work, a minute."),
    click.option("--tokens-day", type=click.IntRange(1), help="Tokens of jobs posted on one date (UTC)."),
    click.option("--concurrency", type=click.IntRange(1), help="Jobs that run at once; the others wait."),
    click.option(
        "--priority",
        type=click.IntRange(0, 9),
        help="Of jobs that name none, and the most that they may name.",
    ),
)


def options(command: F) -> F:
    """Give a command all of them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def limits(models: tuple[str, ...], **bounds: int | None) -> KeyLimits:
    """The bounds that the options name. Raises UsageError."""
    try:
        return KeyLimits(models=models or None, **bounds)
    except InputInvalid as error:
        raise click.UsageError(error.message) from None


def told(key: ApiKey) -> str:
    """All bounds of a key in a few words; ``-`` for none."""
    found = key.limits
    words = [f"models={','.join(found.models)}"] if found.models is not None else []
    for name in ("requests_minute", "tokens_day", "concurrency", "priority"):
        value = getattr(found, name)
        if value is not None:
            words.append(f"{name}={value}")
    return " ".join(words) or "-"
