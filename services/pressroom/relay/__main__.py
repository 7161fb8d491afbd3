"""``python -m pressroom.relay``"""

import sys

from pydantic import ValidationError

from pressroom import settings as configuration
from pressroom.adapters.host.signals import StopSignals
from pressroom.bootstrap.queue import RedisNotNamed
from pressroom.bootstrap.relay import relay_parts
from pressroom.domain.errors import PressroomError
from pressroom.relay.process import RelayProcess
from pressroom.telemetry import configure_logging, get_logger

_EXIT_SET_UP = 78  # EX_CONFIG: starting it again as it is does not help


def main() -> int:
    """Run the relay until SIGTERM; the exit status."""
    try:
        settings = configuration.load()
    except ValidationError as error:
        print(f"pressroom relay: {configuration.what_is_wrong(error)}", file=sys.stderr)  # noqa: T201
        return _EXIT_SET_UP
    configure_logging("relay", level=settings.log_level, form=settings.log_format)
    signals = StopSignals()
    signals.install()
    try:
        RelayProcess(settings, relay_parts(settings), signals).run()
    except (PressroomError, RedisNotNamed) as error:
        get_logger(__name__).error("relay_cannot_start", reason=str(error))
        return _EXIT_SET_UP
    return 0


sys.exit(main())
