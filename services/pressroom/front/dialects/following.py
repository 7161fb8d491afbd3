"""A stream of a dialect over a job's events: it holds a place of the gate, and a client that goes away cancels the job."""

from collections.abc import Callable, Iterator

from flask import Response, g, request

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.errors import NotThere, Unavailable
from pressroom.domain.job import Job
from pressroom.front.connection import is_gone
from pressroom.front.sse import Gate
from pressroom.jobs.ports import Followed
from pressroom.telemetry import get_logger

Events = Iterator[Followed | None]
Look = Callable[[], Job]
"""The job as it stands."""

LAST = frozenset({"end", "gone"})
"""Names of events that nothing follows."""


def followed(
    parts: FrontParts,
    gate: Gate,
    job: Job,
    told: Callable[[Events, Look], Iterator[str]],
    *,
    canceling: bool = True,
) -> Response:
    """``told`` makes text of the events: None where nothing has happened for a while. Unless ``canceling`` the job goes on
    without its client.

    Raises TooManyStreams, and what ``Follower.follow`` raises; the job is canceled then, too."""
    tenant, gone = g.tenant, is_gone(request.environ)
    watched = _Watched(parts, tenant, job.id)
    try:
        gate.enter()
        try:
            events = parts.follower.follow(tenant, job.id, None, gone)
        except BaseException:
            gate.leave()
            raise
    except BaseException:
        if canceling:
            watched.cancel()
        raise
    response = Response(
        told(watched.through(events), lambda: parts.fetcher.job(tenant, job.id)),
        content_type="text/event-stream; charset=utf-8",
    )
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(gate.leave)
    # Also where not one event could be sent. A stream that ends because this process stops cancels nothing.
    if canceling:
        response.call_on_close(lambda: watched.cancel() if gone() else None)
    return response


class _Watched:
    """Whether the job's end was among the events; if not, it can be canceled."""

    def __init__(self, parts: FrontParts, tenant: str, job_id: str) -> None:
        self._parts, self._tenant, self._job_id = parts, tenant, job_id
        self._over = False

    def through(self, events: Events) -> Events:
        for event in events:
            self._over = self._over or (event is not None and event.name in LAST)
            yield event

    def cancel(self) -> None:
        """Best effort: what cannot be canceled now runs into its deadline."""
        if self._over:
            return
        try:
            self._parts.withdrawer.cancel(self._tenant, self._job_id)
        except (Unavailable, NotThere) as wrong:
            get_logger(__name__).warning("not_canceled_when_cut", job=self._job_id, reason=wrong.message)
