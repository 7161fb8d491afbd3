"""How a command ends early: one or two sentences on stderr, and an exit code.

0  done
1  the server refused, or the job did not succeed
2  the command was written wrongly, or something is not set up
3  no server answers (or, for the operator's commands, no database)
130  Ctrl-C
"""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from pydantic import ValidationError

from pressroom.client import ClientError, NotSendable, ServerUnreachable
from pressroom.domain.errors import PressroomError, Unavailable


class Stop(click.ClickException):
    """Ends the command: the message goes to stderr, ``exit_code`` to the shell."""


class Misuse(Stop):
    exit_code = 2


class Unreachable(Stop):
    exit_code = 3


class Interrupted(Stop):
    exit_code = 130


@contextmanager
def translated() -> Iterator[None]:
    """Turns the errors of the client and of the shared packages into a Stop."""
    try:
        yield
    except ClientError as error:
        raise _stop_for(error)(error.message) from error
    except PressroomError as error:
        raise (Unreachable if isinstance(error, Unavailable) else Stop)(error.message) from error
    except ValidationError as error:
        if error.title != "Settings":
            raise
        from pressroom.settings import what_is_wrong  # loaded already: the settings have raised this

        raise Misuse(what_is_wrong(error)) from error


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Around an import: a package that is not installed is named, with the extra that brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "pressroom":
            raise
        raise Misuse(
            f"This command needs {missing}, which is not installed here. Run: "
            f"pip install 'pressroom[{extra}]'"
        ) from error


def _stop_for(error: ClientError) -> type[Stop]:
    if isinstance(error, ServerUnreachable):
        return Unreachable
    return Misuse if isinstance(error, NotSendable) else Stop
