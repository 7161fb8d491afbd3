"""Follows a job's events over as many connections as it takes."""

from collections.abc import Iterator

from pressroom.client.calls import events_path
from pressroom.client.courier import Courier
from pressroom.client.errors import ApiProblem, ServerUnreachable
from pressroom.client.following import SILENCE_S, SLACK_S, Deadline, Position, cut
from pressroom.client.retry import worth_repeating
from pressroom.client.sse import Decoder
from pressroom.client.transcript import Skipped
from pressroom.contract.events import EventEnvelope


def follow(
    courier: Courier, job_id: str, last_id: str | None = None, timeout_s: float | None = None
) -> Iterator[EventEnvelope]:
    """The events behind ``last_id`` until the job is over; a cut connection is resumed.

    Raises TimedOut, StreamBroken, ApiProblem, ServerUnreachable (given up), BadAnswer."""
    clock = courier.pace.clock
    deadline = Deadline(job_id, timeout_s, clock() + (timeout_s or 0.0))
    position = Position(job_id, last_id)
    pauses = courier.pauses()
    while not position.ended:
        position.moved = False
        try:
            yield from _one_connection(courier, position, deadline)
        except Skipped:
            continue
        except (ServerUnreachable, ApiProblem) as error:
            # A silent connection may have outlived the caller's patience.
            left = deadline.left(clock())
            if position.moved:
                pauses.reset()
            pause = pauses.next(error.retry_after_s) if worth_repeating(error) else None
            if pause is None:
                raise
            courier.pace.sleep(min(pause, left))


def _one_connection(courier: Courier, position: Position, deadline: Deadline) -> Iterator[EventEnvelope]:
    silence_s = min(SILENCE_S, deadline.left(courier.pace.clock()))
    decoder = Decoder()
    with courier.stream(events_path(position.job_id), position.last_id, silence_s) as chunks:
        if chunks is None:
            position.ended = True
            return
        for chunk in chunks:
            told = decoder.feed(chunk)
            for sent in told:
                envelope = position.take(sent)
                if envelope is not None:
                    yield envelope
                if position.ended:
                    return
            left = deadline.left(courier.pace.clock())
            if not told and left < silence_s - SLACK_S:
                # After a comment this connection would be patient for longer than the caller is.
                return
    raise cut(position, decoder)
