"""``python -m pressroom.worker.verify MODEL``: holds a model's files against their hashes and their golden outputs."""

import sys

import click
from pydantic import ValidationError

from pressroom import settings as configuration
from pressroom.bootstrap.verifying import verify_model
from pressroom.domain.errors import PressroomError
from pressroom.engines.base import EngineError


@click.command()
@click.argument("name")
def main(name: str) -> None:
    """Verify the model NAME, or NAME@VERSION."""
    try:
        verify_model(name, configuration.load(), click.echo)
    except ValidationError as error:
        click.echo(f"pressroom worker: {configuration.what_is_wrong(error)}", err=True)
        sys.exit(2)
    except (PressroomError, EngineError) as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
