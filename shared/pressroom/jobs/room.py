"""Room for new work: asked before anything is taken on, so that what runs can be finished."""

from typing import Protocol

from pressroom.domain.errors import NoRoom

_AGAIN_S = 30.0


class Room(Protocol):
    """Where the results of work go."""

    def trouble(self) -> str | None:
        """Why no new work should be taken, in a sentence; None: there is room. Quick."""


class Endless:
    """Room without an end."""

    def trouble(self) -> str | None:
        return None


ENDLESS = Endless()


def check_room(room: Room) -> None:
    """Raises NoRoom."""
    reason = room.trouble()
    if reason is not None:
        raise NoRoom(
            f"Nothing new is taken now, so that what runs can be finished. {reason}", retry_after_s=_AGAIN_S
        )
