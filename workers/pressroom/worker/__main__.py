"""``python -m pressroom.worker --pool text|image``"""

import os
import sys

import click
from pydantic import ValidationError

from pressroom import settings as configuration
from pressroom.adapters.host.signals import StopSignals
from pressroom.bootstrap.queue import RedisNotNamed
from pressroom.bootstrap.worker import Pool, worker_parts
from pressroom.domain.errors import PressroomError
from pressroom.engines.base import EngineError
from pressroom.telemetry import configure_logging, get_logger
from pressroom.worker.process import WorkerProcess

_EXIT_SET_UP = 78  # EX_CONFIG: starting it again as it is does not help


@click.command()
@click.option("--pool", type=click.Choice(["text", "image"]), required=True, help="The jobs that it runs.")
def main(pool: Pool) -> None:
    """Run a worker until SIGTERM."""
    try:
        settings = configuration.load()
    except ValidationError as error:
        click.echo(f"pressroom worker: {configuration.what_is_wrong(error)}", err=True)
        sys.exit(_EXIT_SET_UP)
    configure_logging(f"worker-{pool}", level=settings.log_level, form=settings.log_format)
    signals = StopSignals()
    signals.install()
    try:
        status = WorkerProcess(settings, pool, worker_parts(settings, pool), signals).run()
    except (PressroomError, EngineError, RedisNotNamed) as error:
        get_logger(__name__).error(
            "worker_cannot_start", code=getattr(error, "code", "settings"), reason=str(error)
        )
        status = _EXIT_SET_UP
    sys.stdout.flush()
    sys.stderr.flush()
    # Celery's threads may be in the middle of a poll that nobody needs to wait for.
    os._exit(status)


main()
