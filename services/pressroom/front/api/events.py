"""A job's events as they happen."""

from collections.abc import Iterator
from functools import partial

from apiflask import APIBlueprint
from flask import Response, g, request

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.errors import NotThere, Unavailable
from pressroom.domain.scopes import Scope
from pressroom.front.api.documents import REQUEST_ID, header_parameter, problems
from pressroom.front.api.queries import EventsQuery
from pressroom.front.auth import demand
from pressroom.front.connection import is_gone
from pressroom.front.sse import Gate, stream
from pressroom.jobs.ports import Followed
from pressroom.jobs.story import parse_place
from pressroom.telemetry import get_logger

_LAST = frozenset({"end", "gone"})
_LAST_EVENT_ID = header_parameter(
    "Last-Event-ID", "Go on behind this event. Browsers send it by themselves.", {"type": "string"}
)


class _Watched:
    """The same events, and whether the last one was among them."""

    def __init__(self, followed: Iterator[Followed | None]) -> None:
        self._followed = followed
        self.over = False

    def __iter__(self) -> Iterator[Followed | None]:
        for event in self._followed:
            self.over = self.over or (event is not None and event.name in _LAST)
            yield event


def _cancel(parts: FrontParts, tenant: str, job_id: str) -> None:
    try:
        parts.withdrawer.cancel(tenant, job_id)
    except (Unavailable, NotThere) as error:
        get_logger(__name__).warning("not_canceled_when_cut", job=job_id, reason=error.message)


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """``/v1/jobs/{id}/events``."""
    events = APIBlueprint("events", __name__, url_prefix="/v1/jobs", tag="Jobs")

    @events.get("/<job_id>/events")
    @events.input(EventsQuery, location="query")
    @events.doc(
        operation_id="followJob",
        responses={
            200: {
                "description": "Server-sent events until the job has ended; a comment every 15 s.",
                "headers": REQUEST_ID,
                "content": {"text/event-stream": {"schema": {"$ref": "#/components/schemas/SentEvent"}}},
            },
            204: {"description": "You have had the end; nothing follows.", "headers": REQUEST_ID},
            **problems(404, 410),
        },
        extensions={"x-headers": [_LAST_EVENT_ID]},
    )
    def follow_job(job_id: str, query_data: EventsQuery) -> Response:
        """Follow a job

        `started`, then `delta` for each new piece of text, then `end`. On `reset` forget the text so
        far. Cut off, come back with the last id that you have: nothing is missed and nothing doubled.
        With `on_disconnect=cancel` there is nothing to come back to: the cut itself cancels the job."""
        last_id = request.headers.get("Last-Event-ID") or query_data.last_event_id
        gone = None
        if query_data.on_disconnect == "cancel":
            demand(Scope.WRITE)
            gone = is_gone(request.environ)
        gate.enter()
        try:
            followed = parts.follower.follow(g.tenant, job_id, last_id, gone)
            if parse_place(last_id) is None:
                gate.leave()
                return Response(status=204)
        except BaseException:
            gate.leave()
            raise
        if gone is None:
            return stream(followed, gate)
        watched = _Watched(followed)
        response = stream(iter(watched), gate)
        # Also where not one event could be sent. A stream that ends because this process stops cancels
        # nothing: its client is still there.
        cancel = partial(_cancel, parts, g.tenant, job_id)
        response.call_on_close(lambda: None if watched.over or not gone() else cancel())
        return response

    return events
