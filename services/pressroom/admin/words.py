"""What the operator's commands read and write alike: names, and moments."""

from datetime import UTC, datetime

import click


def name(what: str, value: str, longest: int) -> str:
    """``value`` without spaces around it. Raises UsageError, which says ``what`` is none."""
    value = value.strip()
    if not value or len(value) > longest or not value.isprintable():
        raise click.UsageError(f"{what} is 1 to {longest} printable characters.")
    return value


def at(milliseconds: int) -> str:
    """A moment since the epoch, as people and programs read it."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
