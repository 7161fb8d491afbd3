"""``/openai/v1/responses``: made, streamed, or left to be made; looked at, canceled, deleted."""

from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response, g, jsonify

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.errors import InputInvalid, JobUnknown, NotThere
from pressroom.domain.job import Job
from pressroom.domain.states import State
from pressroom.front.dialects.following import followed
from pressroom.front.dialects.openai import response_asking, response_telling
from pressroom.front.dialects.openai.response_events import events
from pressroom.front.dialects.openai.response_shapes import ResponseRequest, StreamQuery
from pressroom.front.dialects.waiting import ended, posted
from pressroom.front.sse import Gate

_CANCEL_S = 10
"""So long a cancel waits for the worker to let go."""


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """Whoever goes away cancels the job, unless it was asked for in the background."""
    responses = APIBlueprint(
        "openai_responses", __name__, url_prefix="/openai/v1/responses", enable_openapi=False
    )

    def job_of(response_id: str) -> Job:
        """Raises JobUnknown, JobErased, DatabaseUnavailable."""
        if not response_id.startswith(response_telling.PREFIX):
            raise JobUnknown("There is no response of this id; theirs begin with `resp_`.")
        job = parts.fetcher.job(g.tenant, response_id.removeprefix(response_telling.PREFIX))
        if job.kind != "text":
            raise JobUnknown("This job makes pictures; it is no response.")
        return job

    @responses.post("")
    @responses.input(ResponseRequest)
    def create_response(json_data: ResponseRequest) -> Response:
        asked = json_data
        before = None
        if asked.previous_response_id is not None:
            before = _before(job_of, asked.previous_response_id)
        job = posted(parts, response_asking.response_job(asked, before, parts.limits.dialect_wait_s))
        if asked.stream:
            return _followed(job, canceling=not asked.background)
        if asked.background:
            return jsonify(response_telling.response(job, background=True))
        return jsonify(response_telling.response(ended(parts, gate, job)))

    @responses.get("/<response_id>")
    @responses.input(StreamQuery, location="query")
    def get_response(response_id: str, query_data: StreamQuery) -> Response:
        job = job_of(response_id)
        if query_data.stream:
            return _followed(job, canceling=False)
        return jsonify(response_telling.response(job))

    @responses.get("/<response_id>/input_items")
    def list_input_items(response_id: str) -> Response:
        items = response_telling.input_items(job_of(response_id))
        first, last = (items[0]["id"], items[-1]["id"]) if items else (None, None)
        return jsonify(
            {"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": False}
        )

    @responses.post("/<response_id>/cancel")
    def cancel_response(response_id: str) -> Response:
        job = parts.withdrawer.cancel(g.tenant, job_of(response_id).id)
        if not job.terminal and gate.try_enter():
            try:
                parts.follower.wait(job.id, _CANCEL_S)
            finally:
                gate.leave()
            job = parts.fetcher.job(g.tenant, job.id)
        return jsonify(response_telling.response(job))

    @responses.delete("/<response_id>")
    def delete_response(response_id: str) -> Response:
        parts.withdrawer.erase(g.tenant, job_of(response_id).id)
        return jsonify({"id": response_id, "object": "response", "deleted": True})

    def _followed(job: Job, *, canceling: bool) -> Response:
        return followed(parts, gate, job, lambda told, look: events(job, told, look), canceling=canceling)

    return responses


def _before(job_of: Callable[[str], Job], response_id: str) -> Job:
    """Raises InputInvalid for one that is not there, or did not succeed."""
    try:
        job = job_of(response_id)
    except NotThere as error:
        raise InputInvalid(error.message, field="previous_response_id") from None
    if job.state is not State.SUCCEEDED or job.prompt_erased_at is not None:
        raise InputInvalid(
            "This response has not ended, or not well, or its input is erased: nothing can go on from it.",
            field="previous_response_id",
        )
    return job
