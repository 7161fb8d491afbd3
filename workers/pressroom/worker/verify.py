"""``python -m pressroom.worker.verify MODEL``: whether a model's files and graphs are what they were when it was made.

With ``--folder`` the graphs of a folder alone, before anybody can have a job of them."""

import sys
from pathlib import Path

import click
from pydantic import ValidationError

from pressroom import settings as configuration
from pressroom.bootstrap.verifying import verify_golden, verify_model
from pressroom.catalog.shelf import read_manifest
from pressroom.domain.errors import PressroomError
from pressroom.engines.base import EngineError


@click.command()
@click.argument("name", required=False)
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(name: str | None, folder: Path | None) -> None:
    """Check the model NAME, or NAME@VERSION; or the graphs in a folder."""
    try:
        if folder is not None:
            verify_golden(read_manifest(folder), folder, click.echo)
        elif name is not None:
            verify_model(name, configuration.load(), click.echo)
        else:
            raise click.UsageError("Name a model, or a folder.")
    except ValidationError as error:
        click.echo(f"pressroom worker: {configuration.what_is_wrong(error)}", err=True)
        sys.exit(2)
    except (PressroomError, EngineError) as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
