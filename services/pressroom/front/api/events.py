"""A job's events as they happen."""

from apiflask import APIBlueprint
from flask import Response, g, request

from pressroom.bootstrap.front import FrontParts
from pressroom.front.api.documents import REQUEST_ID, header_parameter, problems
from pressroom.front.api.queries import EventsQuery
from pressroom.front.sse import Gate, stream
from pressroom.jobs.story import parse_place

_LAST_EVENT_ID = header_parameter(
    "Last-Event-ID", "Go on behind this event. Browsers send it by themselves.", {"type": "string"}
)


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
        far. Cut off, come back with the last id that you have: nothing is missed and nothing doubled."""
        last_id = request.headers.get("Last-Event-ID") or query_data.last_event_id
        gate.enter()
        try:
            followed = parts.follower.follow(g.tenant, job_id, last_id)
            if parse_place(last_id) is None:
                gate.leave()
                return Response(status=204)
        except BaseException:
            gate.leave()
            raise
        return stream(followed, gate)

    return events
