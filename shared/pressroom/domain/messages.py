"""What is told of a job's end, or of a batch's: no prompt, no output, no metadata, only what became of it and where to find it.

    Form.JOB          Pressroom's own words
    Form.PREDICTION   a prediction, as those who speak Replicate's API expect one, but for its output
    Form.RESPONSE     an event, as those who speak OpenAI's API expect one

All are signed alike, by Standard Webhooks, which is what both of these services do.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pressroom.domain.batch import Batch
from pressroom.domain.states import State


class Form(StrEnum):
    """In whose words a receiver is told."""

    JOB = "job"
    PREDICTION = "prediction"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Ended:
    """A job at its end. Times are milliseconds since the epoch."""

    job_id: str
    state: State
    at: int
    model: str
    sha256: str
    created_at: int
    finish_reason: str | None = None
    error_code: str | None = None
    error_message: str | None = None


def message(event: str, now: int, data: Mapping[str, Any]) -> str:
    """The body that is sent: the same characters at each try. ``now`` is in milliseconds."""
    return _written({"type": event, "timestamp": moment(now), "data": data})


def job_message(ended: Ended, form: Form = Form.JOB, base_url: str = "") -> str:
    """The body. ``base_url`` is what links begin with; without one they are paths."""
    return _FORMS[form](ended, base_url.rstrip("/"))


@dataclass(frozen=True, slots=True)
class EndedBatch:
    """A batch at its end: all rows have ended, or it was canceled. ``of_openai``: it was made in that dialect, whose batches
    are ``late`` when they were canceled because their day was over."""

    batch_id: str
    canceled: bool
    at: int
    rows: int
    of_openai: bool = False
    late: bool = False

    @classmethod
    def of(cls, batch: Batch, at: int) -> "EndedBatch":
        """``batch`` as it stands when its last row has ended."""
        late = batch.canceled_at is not None and batch.over_in_openai(batch.canceled_at)
        return cls(batch.id, batch.canceled_at is not None, at, batch.rows, batch.of_openai, late)


def batch_message(ended: EndedBatch, form: Form = Form.JOB) -> str | None:
    """The body; None where there is nothing that the form could say: predictions have no batches, and OpenAI's
    clients find none that was made elsewhere."""
    if form is Form.JOB:
        status = "canceled" if ended.canceled else "finished"
        url = f"/v1/batches/{ended.batch_id}"
        links = {"self": url, "results": f"{url}/results"}
        data = {"id": ended.batch_id, "status": status, "rows": ended.rows, "links": links}
        return message(f"batch.{status}", ended.at, data)
    if form is Form.PREDICTION or not ended.of_openai:
        return None
    status = "completed" if not ended.canceled else "expired" if ended.late else "cancelled"
    return _written(
        {
            "id": f"evt_{ended.batch_id.removeprefix('bat_')}_{ended.at}",
            "object": "event",
            "created_at": ended.at // 1000,
            "type": f"batch.{status}",
            "data": {"id": ended.batch_id},
        }
    )


def moment(milliseconds: int) -> str:
    """ISO 8601, in UTC."""
    told = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")


def _job(ended: Ended, base_url: str) -> str:
    url = f"{base_url}/v1/jobs/{ended.job_id}"
    data = {
        "id": ended.job_id,
        "status": ended.state.value,
        "finish_reason": ended.finish_reason,
        "error_code": ended.error_code,
        "links": {"self": url, "events": f"{url}/events"},
    }
    return message(f"job.{ended.state.value}", ended.at, data)


_PREDICTIONS = {State.SUCCEEDED: "succeeded", State.FAILED: "failed"}


def _prediction(ended: Ended, base_url: str) -> str:
    url = f"{base_url}/replicate/v1/predictions/{ended.job_id}"
    return _written(
        {
            "id": ended.job_id,
            "model": f"pressroom/{ended.model}",
            "version": ended.sha256,
            "status": _PREDICTIONS.get(ended.state, "canceled"),
            "error": ended.error_message if ended.state is not State.SUCCEEDED else None,
            "logs": "",
            "created_at": moment(ended.created_at),
            "completed_at": moment(ended.at),
            "urls": {"get": url, "cancel": f"{url}/cancel"},
        }
    )


_RESPONSES = {State.SUCCEEDED: "completed", State.FAILED: "failed", State.CANCELED: "cancelled"}


def _response(ended: Ended, base_url: str) -> str:
    return _written(
        {
            "id": f"evt_{ended.job_id.removeprefix('job_')}",
            "object": "event",
            "created_at": ended.at // 1000,
            "type": f"response.{_RESPONSES.get(ended.state, 'failed')}",
            "data": {"id": f"resp_{ended.job_id}"},
        }
    )


_FORMS: dict[Form, Callable[[Ended, str], str]] = {
    Form.JOB: _job,
    Form.PREDICTION: _prediction,
    Form.RESPONSE: _response,
}


def _written(body: Mapping[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))
