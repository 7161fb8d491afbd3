"""``python -m pressroom.worker.importing PATH [--name NAME]``: makes a model from published files, or takes one in that was
exported here, and checks it."""

import sys
from pathlib import Path

import click
from pydantic import ValidationError

from pressroom import settings as configuration
from pressroom.adapters.models.errors import ModelError
from pressroom.bootstrap.importing import import_model, take_in
from pressroom.domain.errors import PressroomError
from pressroom.engines.base import EngineError


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name")
@click.option("--variant", default="q8")
@click.option("--context", type=int)
@click.option("--licence")
@click.option("--replace", is_flag=True)
def main(
    path: Path, name: str | None, variant: str, context: int | None, licence: str | None, replace: bool
) -> None:
    """Import PATH, which is an exported model's folder where no name is given. Progress goes to stderr, the folder to
    stdout."""

    def say(what: str) -> None:
        click.echo(what, err=True)

    try:
        if name is None:
            folder = take_in(path, configuration.load(), say)
        else:
            folder = import_model(
                path,
                name,
                configuration.load(),
                say,
                variant=variant,
                context=context,
                licence=licence,
                replace=replace,
            )
    except ValidationError as error:
        click.echo(_said(error), err=True)
        sys.exit(2)
    except (ModelError, PressroomError, EngineError) as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    click.echo(str(folder))


def _said(error: ValidationError) -> str:
    if error.title == "Manifest":
        wrong = error.errors()[0]
        return f"{wrong['loc'][0]}: {wrong['msg']}"
    return f"pressroom worker: {configuration.what_is_wrong(error)}"


if __name__ == "__main__":
    main()
