"""``python -m pressroom.stack up``: as ``pressroom up``, which also fetches the text model."""

import sys

from pressroom import settings as configuration
from pressroom.domain.errors import PressroomError
from pressroom.stack.errors import StackError
from pressroom.stack.foreground import keep_running


def main(arguments: list[str]) -> int:
    """The exit status: 0 after Ctrl-C or SIGTERM, 1 with the reason on stderr, 2 when written wrongly."""
    if arguments != ["up"]:
        print("Usage: python -m pressroom.stack up", file=sys.stderr)
        return 2
    try:
        keep_running(configuration.load())
    except (StackError, PressroomError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
