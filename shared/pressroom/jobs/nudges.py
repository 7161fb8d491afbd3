"""Nudges: whoever runs a job looks at it now, and not only with the next heartbeat.

A nudge says that something was asked of a job; what, the worker reads in the database. So a nudge that
is lost costs the rest of a heartbeat's pause, and one that is doubled, late or forged costs one look.
"""

from collections.abc import Sequence
from typing import Protocol

from pressroom.domain.errors import RedisUnavailable
from pressroom.telemetry import get_logger


class Nudges(Protocol):
    """The front's side."""

    def send(self, job_ids: Sequence[str]) -> None:
        """Whoever holds one of these jobs looks at all that it holds; no ids: everybody does.

        Best effort. Raises RedisUnavailable."""


class NudgeListener(Protocol):
    """The worker's side: calls what it was built with for each nudge, in a thread of its own."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Returns soon; what comes after is not heard."""


def nudge(nudges: Nudges, *job_ids: str, **about: str) -> None:
    """Send a nudge, best effort; ``about`` is what to log of one that is lost."""
    try:
        nudges.send(job_ids)
    except RedisUnavailable as error:
        get_logger(__name__).warning("cancel_heard_late", reason=error.message, **about)
