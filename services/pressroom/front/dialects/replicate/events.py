"""A text as it happens: ``output`` for what it has grown by, then ``done``, or ``error``. Each has an id, without which their client
drops it."""

import json
from collections.abc import Iterator

from pressroom.domain.errors import PressroomError
from pressroom.domain.states import State
from pressroom.front.dialects.following import Events, Look
from pressroom.front.dialects.growing import Grown
from pressroom.front.dialects.waiting import succeeded

_OPENING, _HEARTBEAT = ": open\n\n", ": still here\n\n"


def events(followed: Events, look: Look) -> Iterator[str]:
    """``look`` gives the job as it stands."""
    grown, number = Grown(), 0

    def block(name: str, data: str) -> str:
        nonlocal number
        number += 1
        # A line of data each; the client puts the ends of lines back.
        lines = "".join(f"data: {line}\n" for line in data.split("\n"))
        return f"id: {number}\nevent: {name}\n{lines}\n"

    yield _OPENING
    try:
        for piece in grown.pieces(followed):
            yield _HEARTBEAT if piece is None else block("output", piece[1])
        job = look()
        if job.state is State.CANCELED:
            yield block("done", json.dumps({"reason": "canceled"}))
            return
        for output in succeeded(job).outputs:
            if rest := grown.rest(output.n, output.text or ""):
                yield block("output", rest)
        yield block("done", "{}")
    except PressroomError as wrong:
        yield block("error", wrong.message)
