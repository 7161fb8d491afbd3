"""Jobs: post, look at, list, cancel, erase."""

import re
from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response, g, request

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.jobs import JobPage, JobRequest, JobView
from pressroom.domain.errors import DatabaseUnavailable, NotThere
from pressroom.domain.job import Job
from pressroom.domain.states import State
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import answer, header_docs, header_parameter, idempotency_key, problems
from pressroom.front.api.queries import JobsQuery, PostQuery
from pressroom.front.api.quotes import quote_view
from pressroom.front.api.views import job_url, job_view
from pressroom.front.connection import is_gone
from pressroom.front.sse import Gate
from pressroom.jobs.ports import Waiting

_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=[,;]|$)", re.ASCII | re.IGNORECASE)

_IDEMPOTENCY_KEY = idempotency_key(
    "Your name for this request, e.g. a UUID. The same key and body give the same job, however "
    "often they are sent; the same key and another body are refused."
)
_PREFER = header_parameter(
    "Prefer",
    "`wait=N`: answer when the job has ended, or after N seconds (RFC 7240).",
    {"type": "string", "examples": ["wait=10"]},
)


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """The endpoints of ``/v1/jobs`` that answer at once."""
    jobs = APIBlueprint("jobs", __name__, url_prefix="/v1/jobs", tag="Jobs")

    @jobs.post("")
    @jobs.input(JobRequest)
    @jobs.input(PostQuery, location="query")
    @jobs.doc(
        operation_id="postJob",
        responses={
            200: answer(
                ("JobView", "QuoteView"),
                "The job has ended: you waited for it, or the key names an earlier one. Or, of a dry run, the quote.",
                Location="Path of the job.",
                Preference_Applied="`wait=N` where it was waited.",
            ),
            202: answer("JobView", "The job is accepted and stored.", Location="Path of the job."),
            **problems(402, 404, 410, 413, 415),
        },
        extensions={"x-headers": [_IDEMPOTENCY_KEY, _PREFER]},
    )
    def post_job(json_data: JobRequest, query_data: PostQuery) -> Response:
        """Post a job

        The answer comes as soon as the job is stored, or later where you prefer to wait. After a 503 the
        job may have been accepted all the same: send it again with the same Idempotency-Key."""
        if query_data.dry_run:
            return wire_response(quote_view(parts.quoter.quote(g.tenant, json_data, g.by)))
        key = request.headers.get("Idempotency-Key")
        g.submitted = submitted = parts.submitter.submit(g.tenant, json_data, key, g.request_id, g.by)
        gone = is_gone(request.environ) if query_data.on_disconnect == "cancel" else None
        job, waited = _waited_for(parts, gate, submitted.job, gone)
        headers = {"Location": job_url(job.id)}
        if waited is not None:
            headers["Preference-Applied"] = f"wait={waited}"
        view = job_view(job, _waiting_or_none(parts, job))
        return wire_response(view, 200 if job.terminal else 202, headers=headers)

    @jobs.get("")
    @jobs.input(JobsQuery, location="query")
    @jobs.output(JobPage)
    @jobs.doc(operation_id="listJobs", responses=problems())
    def list_jobs(query_data: JobsQuery) -> Response:
        """List jobs

        Your jobs, newest first, without erased ones. `queue_position` is told by the single job only."""
        page = parts.fetcher.page(
            g.tenant,
            states=(State(query_data.status),) if query_data.status is not None else (),
            model=query_data.model,
            cursor=query_data.cursor,
            limit=query_data.limit,
        )
        waiting = parts.fetcher.workers(page.jobs)
        views = tuple(job_view(job, waiting.get(job.id)) for job in page.jobs)
        return wire_response(JobPage(items=views, next=page.next))

    @jobs.get("/<job_id>")
    @jobs.output(JobView)
    @jobs.doc(operation_id="getJob", responses=problems(404, 410))
    def get_job(job_id: str) -> Response:
        """Look at a job"""
        job = parts.fetcher.job(g.tenant, job_id)
        return wire_response(job_view(job, parts.fetcher.waiting(job)))

    @jobs.post("/<job_id>/cancel")
    @jobs.output(JobView)
    @jobs.doc(operation_id="cancelJob", responses=problems(404, 410, 413))
    def cancel_job(job_id: str) -> Response:
        """Cancel a job

        A queued job is canceled at once. A running one leaves the engine at its next step
        (`cancel_requested` until then) and keeps its partial text. One that has ended stays as it is."""
        return wire_response(job_view(parts.withdrawer.cancel(g.tenant, job_id)))

    @jobs.post("/<job_id>/requeue")
    @jobs.doc(
        operation_id="requeueJob",
        responses={
            200: answer("JobView", "It was requeued before: the job that was made then."),
            202: answer("JobView", "The new job is accepted and stored.", Location="Path of the job."),
            **problems(402, 404, 409, 410, 413),
        },
    )
    def requeue_job(job_id: str) -> Response:
        """Requeue a job

        A new job with the same model, input, params, metadata and as much time, for one that failed,
        expired or was canceled, which stays as it ended. Asked again, it is the same new job."""
        submitted = parts.requeuer.requeue(g.tenant, job_id, g.request_id)
        view = job_view(submitted.job, _waiting_or_none(parts, submitted.job))
        headers = {"Location": job_url(submitted.job.id)}
        return wire_response(view, 202 if submitted.created else 200, headers=headers)

    @jobs.delete("/<job_id>")
    @jobs.doc(
        operation_id="eraseJob",
        responses={204: {"description": "Erased.", "headers": header_docs()}, **problems(404, 410, 413)},
    )
    def erase_job(job_id: str) -> Response:
        """Erase a job

        Removes its prompt, params, metadata and outputs for good, and ends it if it has not ended."""
        parts.withdrawer.erase(g.tenant, job_id)
        return Response(status=204)

    return jobs


def _waited_for(
    parts: FrontParts, gate: Gate, job: Job, gone: Callable[[], bool] | None
) -> tuple[Job, int | None]:
    """The job after the wait that the client prefers, and that wait's length.

    Waiting is a courtesy: where it cannot be, the job is told as it was accepted. With ``gone`` the job
    is canceled if the client goes away meanwhile."""
    preferred = _WAIT.search(",".join(request.headers.getlist("Prefer")))
    seconds = min(int(preferred[1]), parts.limits.wait_s) if preferred is not None else 0
    if not seconds or job.terminal or not gate.try_enter():
        return job, None
    try:
        parts.follower.wait(job.id, seconds, gone)
        if gone is not None and gone():
            parts.withdrawer.cancel(g.tenant, job.id)
        return parts.fetcher.job(g.tenant, job.id), seconds
    except (DatabaseUnavailable, NotThere):
        return job, seconds
    finally:
        gate.leave()


def _waiting_or_none(parts: FrontParts, job: Job) -> Waiting | None:
    """The job is stored: that its place cannot be told now must not make the answer an error."""
    try:
        return parts.fetcher.waiting(job)
    except DatabaseUnavailable:
        return None
