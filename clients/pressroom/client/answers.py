"""Reads the server's answers, leniently: a server may be newer than its clients.

``Wire`` shapes forbid unknown fields, which is right for requests. An answer may carry fields that
this client does not know yet: they are dropped (``extra="ignore"``). All else stays strict.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from pressroom.client.errors import ApiProblem, BadAnswer, ClientError, ServerUnreachable
from pressroom.client.retry import retry_after_s
from pressroom.client.sse import ServerSentEvent
from pressroom.contract.base import Wire
from pressroom.contract.events import EventEnvelope
from pressroom.contract.problem import Problem

Shape = TypeVar("Shape", bound=Wire)

KNOWN_EVENTS = frozenset({"started", "delta", "reset", "end", "gone"})
_envelope: TypeAdapter[EventEnvelope] = TypeAdapter(EventEnvelope)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whichever transport it came through. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def parse(shape: type[Shape], body: bytes) -> Shape:
    """``body`` as a wire shape. Raises BadAnswer."""
    try:
        return shape.model_validate_json(body, extra="ignore")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise BadAnswer(
            f"The server's answer is not a {shape.__name__} ({where}: {first['msg']}). "
            "Check that the base URL is Pressroom's, and update this client if the server is newer."
        ) from error


def parse_event(event: ServerSentEvent) -> EventEnvelope | None:
    """None: an event of a kind that this client does not know, or one without an id. Raises BadAnswer."""
    if event.name not in KNOWN_EVENTS or not event.id:
        return None
    try:
        fields = json.loads(event.data)
        return _envelope.validate_json(
            json.dumps({"id": event.id, "event": {**fields, "type": event.name}}), extra="ignore"
        )
    except (ValueError, TypeError) as error:
        raise BadAnswer(
            f"The event {event.id} of the stream cannot be read. Update this client if the server is newer."
        ) from error


def refusal(answer: Answer, base_url: str) -> ClientError:
    """The error that an answer with a status of 300 or more means."""
    problem = _problem(answer)
    later_s = retry_after_s(answer.headers.get("retry-after"))
    if problem is not None:
        return ApiProblem(problem, answer.status, later_s)
    kind = answer.media_type or "nothing"
    if answer.status >= 500 or answer.status == 429:
        return ServerUnreachable(
            f"{base_url} answered {answer.status} with {kind} where Pressroom would have said why: probably a "
            "proxy that does not reach it. Check that the front is running (its /readyz says so).",
            retry_after_s=later_s,
        )
    return BadAnswer(
        f"{base_url} answered {answer.status} with {kind}, which is not an answer of Pressroom. "
        "Check the base URL."
    )


def _problem(answer: Answer) -> Problem | None:
    if "json" not in answer.media_type:
        return None
    try:
        problem = Problem.model_validate_json(answer.body, extra="ignore")
    except ValidationError:
        return None
    return problem if "code" in problem.model_fields_set else None
