"""``/replicate/v1/predictions``: made, waited for, streamed, looked at, listed, canceled."""

import re
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify, request

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.jobs import DEFAULT_DEADLINE_S
from pressroom.domain.errors import DatabaseUnavailable, InputInvalid, NotThere, OutputUnknown
from pressroom.domain.job import Job, Output
from pressroom.front.dialects.following import followed
from pressroom.front.dialects.replicate import asking
from pressroom.front.dialects.replicate.events import events
from pressroom.front.dialects.replicate.shapes import PredictionRequest, PredictionsQuery
from pressroom.front.dialects.replicate.telling import can_stream, data_uri, prediction
from pressroom.front.dialects.waiting import posted
from pressroom.front.signed import sign
from pressroom.front.sse import Gate

_WAIT = re.compile(r"\bwait\b(?:\s*=\s*\"?(\d{1,4}))?", re.ASCII)
_A_PAGE = 100
_CANCEL_S = 10


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """A prediction goes on without its client, as theirs do."""
    predictions = APIBlueprint(
        "replicate_predictions", __name__, url_prefix="/replicate/v1", enable_openapi=False
    )

    def told(job: Job, status: int = 200, *, waited: bool = False) -> Response:
        response = jsonify(
            prediction(job, base(), lambda of, out: _address(parts, of, out), waited_in_vain=waited)
        )
        response.status_code = status
        response.headers["Cache-Control"] = "no-store"
        return response

    def made(reference: str, asked: PredictionRequest) -> Response:
        manifest = asking.named(parts.catalog, g.tenant, reference)
        webhook = asking.told(asked, request.host_url.rstrip("/"))
        job = posted(parts, asking.prediction_job(manifest, asked.input, DEFAULT_DEADLINE_S, webhook))
        seconds = _wanted(parts.limits.wait_s)
        if not seconds or job.terminal:
            return told(job, 201)
        return told(_waited(parts, gate, job, seconds), 201, waited=True)

    @predictions.post("/predictions")
    @predictions.input(PredictionRequest)
    def create_prediction(json_data: PredictionRequest) -> Response:
        if json_data.version is None:
            raise InputInvalid("Say which version: a hash, or pressroom/NAME.", field="version")
        return made(json_data.version, json_data)

    @predictions.post("/models/<owner>/<name>/predictions")
    @predictions.input(PredictionRequest)
    def create_prediction_of_model(owner: str, name: str, json_data: PredictionRequest) -> Response:
        return made(f"{owner}/{name}", json_data)

    @predictions.get("/predictions")
    @predictions.input(PredictionsQuery, location="query")
    def list_predictions(query_data: PredictionsQuery) -> Response:
        page = parts.fetcher.page(g.tenant, cursor=query_data.cursor, limit=_A_PAGE)
        results = [prediction(job, base(), lambda of, out: _link(parts, of, out)) for job in page.jobs]
        following = f"{base()}/predictions?cursor={page.next}" if page.next else None
        return jsonify({"previous": None, "next": following, "results": results})

    @predictions.get("/predictions/<job_id>")
    def get_prediction(job_id: str) -> Response:
        return told(parts.fetcher.job(g.tenant, job_id))

    @predictions.post("/predictions/<job_id>/cancel")
    def cancel_prediction(job_id: str) -> Response:
        job = parts.withdrawer.cancel(g.tenant, job_id)
        return told(job if job.terminal else _waited(parts, gate, job, _CANCEL_S))

    @predictions.get("/predictions/<job_id>/stream")
    def stream_prediction(job_id: str) -> Response:
        job = parts.fetcher.job(g.tenant, job_id)
        if not can_stream(job):
            raise OutputUnknown("Only a prediction of one text can be streamed.")
        return followed(parts, gate, job, events, canceling=False)

    return predictions


def base() -> str:
    """Of all URLs of this dialect."""
    return f"{request.host_url.rstrip('/')}/replicate/v1"


def _wanted(most: int) -> int:
    """Seconds that the client prefers to wait: as long as may be, where it does not say."""
    preferred = _WAIT.search(",".join(request.headers.getlist("Prefer")))
    if preferred is None:
        return 0
    return min(int(preferred[1] or most), most)


def _waited(parts: FrontParts, gate: Gate, job: Job, seconds: int) -> Job:
    """The job after that time, or as it was where nobody can wait now."""
    if not gate.try_enter():
        return job
    try:
        parts.follower.wait(job.id, seconds)
        return parts.fetcher.job(g.tenant, job.id)
    except (DatabaseUnavailable, NotThere):
        return job
    finally:
        gate.leave()


def _address(parts: FrontParts, job: Job, output: Output) -> Any:
    """A signed address where there is TLS, which their client asks for; the content itself elsewhere."""
    if request.is_secure:
        return _link(parts, job, output)
    return data_uri(output.media_type, parts.fetcher.content(output))


def _link(parts: FrontParts, job: Job, output: Output) -> str:
    return request.host_url.rstrip("/") + sign(parts.secret, job, output.n)
