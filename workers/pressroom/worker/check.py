"""``python -m pressroom.worker.check MODEL``: holds an imported model against what its original weights say."""

import sys

import click
from pydantic import ValidationError

from pressroom import settings as configuration
from pressroom.adapters.models.errors import ModelError
from pressroom.bootstrap.importing import check_model
from pressroom.domain.errors import PressroomError
from pressroom.engines.base import EngineError


@click.command()
@click.argument("name")
@click.option("--variant")
def main(name: str, variant: str | None) -> None:
    """Check the model NAME, imported before."""
    try:
        check_model(name, variant, configuration.load(), click.echo)
    except ValidationError as error:
        click.echo(f"pressroom worker: {configuration.what_is_wrong(error)}", err=True)
        sys.exit(2)
    except (ModelError, PressroomError, EngineError) as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
