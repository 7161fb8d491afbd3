"""``POST /openai/v1/completions``: texts that go on with a prompt."""

from apiflask import APIBlueprint
from flask import Response, g, jsonify

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.jobs import JobRequest
from pressroom.domain.job import Job
from pressroom.front.dialects.following import followed
from pressroom.front.dialects.openai import asking, telling
from pressroom.front.dialects.openai.chunks import Form, chunks
from pressroom.front.dialects.openai.shapes import CompletionRequest
from pressroom.front.dialects.waiting import ended, posted
from pressroom.front.sse import Gate


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """Whole answers, and streams. Whoever goes away cancels the jobs."""
    completions = APIBlueprint(
        "openai_completions", __name__, url_prefix="/openai/v1/completions", enable_openapi=False
    )

    @completions.post("")
    @completions.input(CompletionRequest)
    def create_completion(json_data: CompletionRequest) -> Response:
        asked = json_data
        requests = asking.completion_jobs(asked, parts.limits.dialect_wait_s)
        if not asked.stream:
            return jsonify(telling.text_completion(_all_ended(parts, gate, requests)))
        job = posted(parts, requests[0])
        form = Form(False, asked.n or 1, asked.wants_usage)
        return followed(
            parts,
            gate,
            job,
            lambda events, look: chunks(job, events, form, look),
        )

    return completions


def _all_ended(parts: FrontParts, gate: Gate, requests: tuple[JobRequest, ...]) -> list[Job]:
    """All of them succeed, or none goes on."""
    jobs: list[Job] = []
    try:
        for number, each in enumerate(requests):
            jobs.append(posted(parts, each, part=number if number else None))
        return [ended(parts, gate, job) for job in jobs]
    except BaseException:
        for job in jobs:
            parts.withdrawer.cancel(g.tenant, job.id)  # one that has ended stays as it is
        raise
