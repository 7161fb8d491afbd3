"""The one Celery task: a ticket makes the desk look at the database."""

from collections.abc import Callable
from typing import Any

from pressroom.adapters.celery.app import TURN


def register_turn(app: Any, turn: Callable[[], None]) -> None:
    """Make ``app`` answer tickets with ``turn``."""

    @app.task(name=TURN, ignore_result=True, acks_late=False, shared=False)  # type: ignore[untyped-decorator]
    def take_turn() -> None:
        turn()
