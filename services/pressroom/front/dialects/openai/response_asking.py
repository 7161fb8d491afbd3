"""What was asked of ``/responses``, as a job's request."""

from typing import Any

from pressroom.contract.jobs import DEFAULT_DEADLINE_S, DEFAULT_RESULT_TTL_S, JobInput, JobRequest, Message
from pressroom.domain.errors import InputInvalid
from pressroom.domain.job import Job
from pressroom.front.dialects.openai.asking import not_empty, priority, with_user
from pressroom.front.dialects.openai.response_shapes import ResponseRequest
from pressroom.front.dialects.openai.shapes import ours

_NOT_KEPT_S = 60
"""The least that a result is kept."""


def response_job(asked: ResponseRequest, before: Job | None, wait_s: int) -> JobRequest:
    """``before``: the job of the response that this one goes on from. Raises InputInvalid."""
    params: dict[str, Any] = {
        "max_tokens": asked.max_output_tokens,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "top_k": asked.top_k,
        "seed": ours(asked.seed),
        "logprobs": (asked.top_logprobs or 0) if asked.wants_logprobs else None,
        "guide": _guide(asked),
    }
    return JobRequest(
        model=asked.model,
        input=JobInput(messages=_messages(asked, before)),
        params={name: value for name, value in params.items() if value is not None},
        priority=priority(asked.service_tier),
        deadline_s=DEFAULT_DEADLINE_S if asked.background else wait_s,
        result_ttl_s=_NOT_KEPT_S if asked.store is False else DEFAULT_RESULT_TTL_S,
        metadata=with_user(asked, dict(asked.metadata or {})),
    )


def _messages(asked: ResponseRequest, before: Job | None) -> tuple[Message, ...]:
    said = [Message(role="system", content=asked.instructions)] if asked.instructions else []
    if before is not None:
        # Instructions are of one response alone.
        said += [
            Message.model_validate(dict(each))
            for each in before.input.get("messages") or ()
            if each["role"] != "system"
        ]
        said += [Message(role="assistant", content=output.text) for output in before.outputs if output.text]
    if isinstance(asked.input, str):
        return (*said, Message(role="user", content=not_empty(asked.input, "input")))
    for n, item in enumerate(asked.input):
        role = "system" if item.role == "developer" else item.role
        said.append(Message(role=role, content=not_empty(item.text, f"input.{n}.content")))
    return tuple(said)


def _guide(asked: ResponseRequest) -> dict[str, Any] | None:
    form = asked.text.format if asked.text is not None else None
    if form is None or form.type == "text":
        return None
    if form.type == "json_object":
        return {"type": "json", "schema": {"type": "object"}}
    if form.schema_ is None:
        raise InputInvalid("The type json_schema needs its schema.", field="text.format.schema")
    return {"type": "json", "schema": form.schema_}
