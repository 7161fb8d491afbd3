"""A WSGI app from the environment's settings, for servers other than our own.

``pressroom.front.wsgi:application()`` is called once a process, after any fork.
"""

from apiflask import APIFlask

from pressroom import settings as settings_module
from pressroom.bootstrap.front import front_parts
from pressroom.front.app import create_app
from pressroom.telemetry import configure_logging


def application() -> APIFlask:
    """Raises what ``front_parts`` raises, and pydantic's ValidationError for settings."""
    settings = settings_module.load()
    configure_logging("front", level=settings.log_level, form=settings.log_format)
    return create_app(front_parts(settings))
