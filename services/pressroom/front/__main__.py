"""``python -m pressroom.front``: check the settings and the schema, bind, serve."""

import errno
import sys

from pydantic import ValidationError

from pressroom import settings as settings_module
from pressroom.bootstrap.front import SecretNotNamed, front_parts
from pressroom.bootstrap.queue import RedisNotNamed
from pressroom.domain.errors import DatabaseUnavailable, PressroomError
from pressroom.front.counters import Counters
from pressroom.settings import Settings
from pressroom.telemetry import configure_logging, get_logger


def main() -> int:
    """The process's exit status; what is wrong is said in one line."""
    try:
        settings = settings_module.load()
        configure_logging("front", level=settings.log_level, form=settings.log_format)
        counters = Counters(settings.home, settings.port) if settings.metrics_port else None
        # Only now: what is loaded with it decides by the environment where it counts.
        from pressroom.front.server import Telling, listen, serve

        _check(settings)
        listener = listen(settings.host, settings.port)
        telling = None
        if counters is not None:
            counters.clear()
            telling = Telling(counters, settings.metrics_port)
    except ValidationError as error:
        return _refuse(settings_module.what_is_wrong(error))
    except (PressroomError, SecretNotNamed, RedisNotNamed) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(_why_not_bound(settings, error))
    serve(settings, listener, telling)
    return 0


def _check(settings: Settings) -> None:
    """Raises what makes a start useless. A database that is only away is waited for while serving."""
    parts = front_parts(settings)
    try:
        parts.store.check_schema()
    except DatabaseUnavailable as error:
        get_logger(__name__).warning("database_away_at_start", reason=error.message)
    finally:
        parts.close()


def _why_not_bound(settings: Settings, error: OSError) -> str:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return f"Something listens on {where} already. Stop it, or set PRESSROOM_PORT to a free port."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"This user may not listen on {where}. Set PRESSROOM_PORT to a port above 1023."
    return f"Cannot listen on {where}: {error.strerror}. Set PRESSROOM_HOST and PRESSROOM_PORT."


def _refuse(reason: str) -> int:
    print(f"pressroom front: {reason}", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
