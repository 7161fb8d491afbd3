"""Jobs as predictions."""

import base64
from collections.abc import Callable
from typing import Any

from pressroom.domain import messages
from pressroom.domain.job import Job, Output
from pressroom.domain.states import State
from pressroom.front.dialects.replicate.asking import OWNER

_STATUS = {
    State.QUEUED: "starting",
    State.RUNNING: "processing",
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.CANCELED: "canceled",
    State.EXPIRED: "canceled",
}

Address = Callable[[Job, Output], str]


def prediction(job: Job, base: str, address: Address, *, waited_in_vain: bool = False) -> dict[str, Any]:
    """``base``: of all URLs, up to ``/v1``. ``address`` is where an output can be had.

    A client that has waited takes ``processing`` for an end without output: to it, whatever has not ended has not begun."""
    url = f"{base}/predictions/{job.id}"
    urls = {"get": url, "cancel": f"{url}/cancel"}
    if can_stream(job):
        urls["stream"] = f"{url}/stream"
    return {
        "id": job.id,
        "model": f"{OWNER}/{job.model.name}",
        "version": job.model.sha256,
        "status": "starting" if waited_in_vain and not job.terminal else _STATUS[job.state],
        "input": _input(job),
        "output": _output(job, address),
        "error": _error(job),
        "logs": "",
        "metrics": _metrics(job),
        "created_at": moment(job.created_at),
        "started_at": moment(job.claimed_at),
        "completed_at": moment(job.finished_at),
        "urls": urls,
    }


def can_stream(job: Job) -> bool:
    """Their stream is of one text."""
    return job.kind == "text" and job.params.get("n", 1) == 1


def moment(milliseconds: int | None) -> str | None:
    """As messages tell it; None of what has not come."""
    return None if milliseconds is None else messages.moment(milliseconds)


def data_uri(media_type: str, content: bytes) -> str:
    """Their client reads files from there, and over TLS alone."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _output(job: Job, address: Address) -> list[str] | None:
    if not job.outputs:
        return None
    return [output.text if output.text is not None else address(job, output) for output in job.outputs]


def _input(job: Job) -> dict[str, Any]:
    return {**job.params, **job.input}


def _error(job: Job) -> str | None:
    if job.state is State.EXPIRED:
        return "The job's time was over before a worker had done it."
    return job.error_message if job.state is State.FAILED else None


def _metrics(job: Job) -> dict[str, float]:
    if job.finished_at is None:
        return {}
    return {
        "predict_time": job.usage.engine_ms / 1000,
        "total_time": (job.finished_at - job.created_at) / 1000,
    }
