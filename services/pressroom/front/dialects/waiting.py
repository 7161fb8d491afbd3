"""A job whose client waits for its end, on the same connection; it is canceled if the client goes away.

NotInTime          not_in_time       the wait is over, and the job with it
JobDidNotSucceed   its own code      it failed, or somebody canceled it
"""

from flask import g, request

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.jobs import JobRequest
from pressroom.domain.errors import PromptTooLong
from pressroom.domain.job import Job
from pressroom.domain.states import State
from pressroom.front.connection import is_gone
from pressroom.front.dialects.campaign import named_campaign, on_campaign
from pressroom.front.errors import FrontError
from pressroom.front.sse import Gate


class NotInTime(FrontError):
    code = "not_in_time"
    status = 504


class JobDidNotSucceed(FrontError):
    """``code`` is the job's own. Whoever tries again gets the same: the workers have tried as often as it makes sense."""

    code = "job_failed"
    status = 502


def posted(parts: FrontParts, asked: JobRequest, *, part: int | None = None) -> Job:
    """The job, stored; ``part`` where the request is of several. Raises what ``Submitter.submit`` raises."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and part is not None:
        key = f"{key} {part}"
    submitted = parts.submitter.submit(
        g.tenant, on_campaign(asked, named_campaign()), key, g.request_id, g.by
    )
    g.submitted = submitted
    return submitted.job


def ended(parts: FrontParts, gate: Gate, job: Job) -> Job:
    """The job once it has succeeded.

    Raises NotInTime, JobDidNotSucceed, TooManyStreams, and what ``Fetcher.job`` raises."""
    if job.terminal:
        return succeeded(job)
    gone = is_gone(request.environ)
    try:
        gate.enter()
    except BaseException:
        parts.withdrawer.cancel(g.tenant, job.id)
        raise
    try:
        parts.follower.wait(job.id, parts.limits.dialect_wait_s, gone)
    finally:
        gate.leave()
    job = parts.fetcher.job(g.tenant, job.id)
    if job.terminal:
        return succeeded(job)
    parts.withdrawer.cancel(g.tenant, job.id)
    raise NotInTime(
        f"The job has not ended within {parts.limits.dialect_wait_s} s and was canceled. Stream it, or post it to "
        "/v1/jobs and come back for it."
    )


def succeeded(job: Job) -> Job:
    """The same job. Raises NotInTime, JobDidNotSucceed, and PromptTooLong where only the worker could tell."""
    if job.state is State.SUCCEEDED:
        return job
    if job.state is State.EXPIRED:
        raise NotInTime("The job's time was over before a worker had done it: post it again, or add workers.")
    if job.error_code == PromptTooLong.code:
        raise PromptTooLong(
            job.error_message or "A text of this job is too long for the model.", field="input"
        )
    error = JobDidNotSucceed(
        job.error_message or f"The job {job.id} was {job.state.value}: post it again if it is still wanted."
    )
    error.code = job.error_code or f"job_{job.state.value}"
    raise error
