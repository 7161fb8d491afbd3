"""Server-sent events: how a followed job goes over the wire, and how many may be followed at once."""

import json
import threading
from collections.abc import Callable, Iterator

from flask import Response

from pressroom.front.errors import TooManyStreams
from pressroom.jobs.ports import Followed

# Sent at once, so that the client sees the answer's head before the first event; also tells a
# browser how soon to come back after a cut.
_OPENING = "retry: 1000\n\n"
_HEARTBEAT = ": still here\n\n"


class Gate:
    """At most ``most`` requests of a process wait at once; each holds a thread.

    ``count`` is told of each that comes (1) or goes (-1)."""

    def __init__(self, most: int, count: Callable[[int], None] = lambda more: None) -> None:
        self._most = most
        self._count = count
        self._places = threading.BoundedSemaphore(most)

    def try_enter(self) -> bool:
        """False: it is full. Otherwise ``leave`` once."""
        entered = self._places.acquire(blocking=False)
        if entered:
            self._count(1)
        return entered

    def enter(self) -> None:
        """Raises TooManyStreams."""
        if not self.try_enter():
            raise TooManyStreams(
                f"{self._most} event streams are open here already. Try again, or poll the job.",
                retry_after_s=5,
            )

    def leave(self) -> None:
        self._places.release()
        self._count(-1)


def stream(events: Iterator[Followed | None], gate: Gate) -> Response:
    """An event stream that holds a place of ``gate``, entered by the caller, until it is closed."""
    response = Response(_encoded(events), content_type="text/event-stream; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(gate.leave)
    return response


def _encoded(events: Iterator[Followed | None]) -> Iterator[str]:
    yield _OPENING
    for event in events:
        yield _HEARTBEAT if event is None else encode(event)


def encode(event: Followed) -> str:
    """One event as it stands in the stream."""
    data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.name}\ndata: {data}\n\n"
