"""Pieces of the OpenAPI document that several endpoints share."""

from http import HTTPStatus
from typing import Any

Responses = dict[int, Any]

_ALWAYS = (400, 422, 500)
_KEYED = (401, 403, 429, 503)
_WHY = {
    400: "The request cannot be read: malformed JSON, bad UTF-8, NUL.",
    401: "No API key, or one that is not valid.",
    402: "The campaign's budget has no room for what this may cost.",
    403: "The key may not do this: it has not the scope, or not this model or priority; or a session (pages only) "
    "has not shown its CSRF token.",
    404: "There is no such thing, or it is another tenant's.",
    409: "It is not in a state for this.",
    410: "It was erased.",
    413: "The body is over the limit.",
    415: "The body is not of the media type that is asked for.",
    416: "The range lies outside of the output.",
    422: "A field is wrong; `field` and `errors` say which.",
    429: "The queue is full, or a bound of the key is reached. Try again after Retry-After seconds.",
    500: "A fault of the server.",
    503: "Something that Pressroom needs is away. Try again after Retry-After seconds.",
}

REQUEST_ID = {"X-Request-Id": {"schema": {"type": "string"}, "description": "Names the request in the log."}}
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}


def problems(*statuses: int, keyed: bool = True) -> Responses:
    """The error answers of an endpoint: these, and those that any may give."""
    every = sorted({*statuses, *_ALWAYS, *(_KEYED if keyed else ())})
    return {status: problem(status) for status in every}


def problem(status: int) -> dict[str, Any]:
    """One documented problem+json answer."""
    headers = REQUEST_ID | (_RETRY_AFTER if status in (429, 503) else {})
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "description": _WHY.get(status, HTTPStatus(status).phrase),
        "headers": headers,
        "content": content,
    }


def answer(schema: str | tuple[str, ...], description: str, **headers: str) -> dict[str, Any]:
    """A JSON answer besides the main one, of one of these shapes; ``headers`` are names (with _) and descriptions."""
    names = (schema,) if isinstance(schema, str) else schema
    shapes = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return {
        "description": description,
        "headers": REQUEST_ID | header_docs(**headers),
        "content": {"application/json": {"schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes}}},
    }


def header_docs(**headers: str) -> dict[str, Any]:
    """Answer headers by name (with _ for -) and description."""
    return {
        name.replace("_", "-"): {"schema": {"type": "string"}, "description": text}
        for name, text in headers.items()
    }


def header_parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A request header."""
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def idempotency_key(description: str) -> dict[str, Any]:
    """The request header ``Idempotency-Key``, of the form that ``jobs.submit.check_key`` takes."""
    schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
    return header_parameter("Idempotency-Key", description, schema)
