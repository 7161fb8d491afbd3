"""The root group: it imports a package's commands when they are called, and lets no error out raw."""

import importlib
import os
from dataclasses import dataclass
from typing import Any

import click

from pressroom.cli.stops import Interrupted, Stop, needs, translated


@dataclass(frozen=True, slots=True)
class Later:
    """A command that lives in another package: where, what it is for, the extra that it needs."""

    module: str
    attribute: str
    help: str
    extra: str

    def load(self) -> click.Command:
        """Raises Stop when the extra is not installed."""
        with needs(self.extra):
            command: click.Command = getattr(importlib.import_module(self.module), self.attribute)
            return command


class App(click.Group):
    """A group whose ``later`` commands cost nothing until they are called, so that the base install
    (client and command line) runs without the packages of the servers."""

    def __init__(self, *args: Any, later: dict[str, Later] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.later = later or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.later])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        later = self.later.get(cmd_name)
        return click.Command(cmd_name, help=later.help) if later else super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        later = self.later.get(args[0])
        return (args[0], later.load(), args[1:]) if later else super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with translated():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("Interrupted. `pressroom jobs` shows what was accepted.") from None
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("PRESSROOM_DEBUG"):
                raise
            raise Stop(
                f"This is a bug in Pressroom ({type(error).__name__}: {error}). Please report it; "
                "with PRESSROOM_DEBUG=1 the same command shows where it happened."
            ) from error
