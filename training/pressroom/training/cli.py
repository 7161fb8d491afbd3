"""``python -m pressroom.training``: the same commands as `pressroom train`, `evaluate` and `export`, without the client."""

import click

from pressroom.training.commands import train
from pressroom.training.evaluating.command import evaluate
from pressroom.training.exporting.command import export


@click.group()
def main() -> None:
    """Train Pressroom's own models, measure them, export them. Needs the `train` extra (torch)."""


for command in (train, evaluate, export):
    main.add_command(command)
