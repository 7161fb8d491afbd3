"""Jobs as OpenAI's responses."""

from typing import Any

from pressroom.domain.job import Job, Output
from pressroom.domain.states import State
from pressroom.front.dialects.openai.telling import chat_logprobs

PREFIX = "resp_"

_STATUS = {
    State.QUEUED: "queued",
    State.RUNNING: "in_progress",
    State.SUCCEEDED: "completed",
    State.FAILED: "failed",
    State.CANCELED: "cancelled",
    State.EXPIRED: "failed",
}


def response(job: Job, **changes: Any) -> dict[str, Any]:
    """The job as a response stands; ``changes`` are of a stream that is ahead of it."""
    cut = any(output.finish_reason == "length" for output in job.outputs)
    status = "incomplete" if job.state is State.SUCCEEDED and cut else _STATUS[job.state]
    return {
        "id": PREFIX + job.id,
        "object": "response",
        "created_at": job.created_at // 1000,
        "completed_at": job.finished_at // 1000 if job.finished_at and status == "completed" else None,
        "status": status,
        "error": _error(job),
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": _instructions(job),
        "max_output_tokens": job.params.get("max_tokens"),
        "metadata": {name: value for name, value in job.metadata.items() if name != "user"},
        "model": job.model.name,
        "output": [message(job, output) for output in job.outputs],
        "parallel_tool_calls": True,
        "temperature": job.params.get("temperature"),
        "text": {"format": _format(job)},
        "tool_choice": "auto",
        "tools": [],
        "top_p": job.params.get("top_p"),
        "truncation": "disabled",
        "usage": _usage(job) if job.terminal else None,
        "user": job.metadata.get("user"),
        **changes,
    }


def message(job: Job, output: Output) -> dict[str, Any]:
    """A text, as the item that it is."""
    return {
        "id": item_id(job),
        "type": "message",
        "role": "assistant",
        "status": "incomplete" if output.finish_reason in ("length", "cut") else "completed",
        "content": [part(output.text or "", logprobs(output))],
    }


def part(text: str, chances: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """What a message consists of."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": chances or []}


def logprobs(output: Output) -> list[dict[str, Any]]:
    """Empty where they were not asked for."""
    told = chat_logprobs(output)
    return list(told["content"]) if told is not None else []


def item_id(job: Job) -> str:
    """A response here has one message."""
    return f"msg_{job.id}"


def input_items(job: Job) -> list[dict[str, Any]]:
    """What was read, the latest first, as they list it."""
    said = job.input.get("messages") or ()
    items = [
        {
            "id": f"msg_{job.id}_{n}",
            "type": "message",
            "role": each["role"],
            "status": "completed",
            "content": [{"type": "input_text", "text": each["content"]}],
        }
        for n, each in enumerate(said)
    ]
    return items[::-1]


def _error(job: Job) -> dict[str, str] | None:
    if job.state is State.EXPIRED:
        return {"code": "server_error", "message": "The job's time was over before a worker had done it."}
    if job.state is not State.FAILED:
        return None
    return {"code": "server_error", "message": f"{job.error_code}: {job.error_message}"}


def _instructions(job: Job) -> str | None:
    said = job.input.get("messages") or ()
    return str(said[0]["content"]) if said and said[0]["role"] == "system" else None


def _format(job: Job) -> dict[str, Any]:
    guide = job.params.get("guide")
    if guide is None or guide.get("type") != "json":
        return {"type": "text"}
    return {"type": "json_schema", "name": "schema", "schema": guide["schema"], "strict": True}


def _usage(job: Job) -> dict[str, Any]:
    read, written = job.usage.tokens_in, job.usage.tokens_out
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }
