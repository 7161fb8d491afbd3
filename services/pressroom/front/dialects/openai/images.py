"""``POST /openai/v1/images/generations``: pictures by words, in base64 or as addresses that are good for an hour."""

import base64
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify, request

from pressroom.bootstrap.front import FrontParts
from pressroom.domain.job import Job
from pressroom.front.dialects.openai import asking
from pressroom.front.dialects.openai.shapes import ImagesRequest
from pressroom.front.dialects.waiting import ended, posted
from pressroom.front.signed import sign
from pressroom.front.sse import Gate


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """Whoever goes away cancels the job."""
    images = APIBlueprint("openai_images", __name__, url_prefix="/openai/v1/images", enable_openapi=False)

    @images.post("/generations")
    @images.input(ImagesRequest)
    def create_images(json_data: ImagesRequest) -> Response:
        asked = json_data
        # A bare name may be the canary's turn when the job is made: what models of a name draw is the same.
        manifest = parts.catalog.choose(asked.model, 1.0, g.tenant)
        job = ended(
            parts, gate, posted(parts, asking.images_job(asked, manifest, parts.limits.dialect_wait_s))
        )
        by_url = asked.response_format == "url"
        data = [
            _by_url(parts, job, n) if by_url else _in_base64(parts, job, n) for n in range(len(job.outputs))
        ]
        return jsonify({"created": job.created_at // 1000, "data": data})

    return images


def _in_base64(parts: FrontParts, job: Job, n: int) -> dict[str, Any]:
    content = parts.fetcher.content(job.outputs[n])
    return {"b64_json": base64.b64encode(content).decode(), "revised_prompt": _drawn(job, n)}


def _by_url(parts: FrontParts, job: Job, n: int) -> dict[str, Any]:
    address = request.host_url.rstrip("/") + sign(parts.secret, job, n)
    return {"url": address, "revised_prompt": _drawn(job, n)}


def _drawn(job: Job, n: int) -> str | None:
    """What it is of: the class, or the name of the drawing."""
    return job.outputs[n].label
