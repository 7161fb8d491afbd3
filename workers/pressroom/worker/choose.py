"""``python -m pressroom.worker.choose MODEL``: measures a text model's weight formats here, and keeps the fastest."""

import sys

import click
from pydantic import ValidationError

from pressroom import settings as configuration
from pressroom.adapters.models.errors import ModelError
from pressroom.bootstrap.choosing import choose_variant
from pressroom.catalog.choice import Choice
from pressroom.domain.errors import PressroomError
from pressroom.engines.base import EngineError


@click.command()
@click.argument("name")
def main(name: str) -> None:
    """Choose a weight format for the text model NAME."""
    try:
        settings = configuration.load()
        choice = choose_variant(name, settings, lambda what: click.echo(what, err=True))
    except ValidationError as error:
        click.echo(f"pressroom worker: {configuration.what_is_wrong(error)}", err=True)
        sys.exit(2)
    except (ModelError, PressroomError, EngineError) as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    for line in table(choice):
        click.echo(line)


def table(choice: Choice) -> list[str]:
    """Tokens a second of each variant; the chosen one is marked."""
    lines = [f"  {'variant':10} {'prompt':>8} {'alone':>8} {'together':>9}   tokens a second"]
    for name, rates in choice.rates.items():
        mark = "*" if name == choice.variant else " "
        lines.append(f"{mark} {name:10} {rates.prompt:8.0f} {rates.alone:8.0f} {rates.together:9.0f}")
    return lines


if __name__ == "__main__":
    main()
