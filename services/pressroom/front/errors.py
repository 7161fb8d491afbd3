"""Every error as problem+json (RFC 9457), and the front's own errors.

    PressroomError
    └── FrontError                          status   code
        ├── MalformedBody                   400      malformed_json
        ├── MalformedText                   400      malformed_text
        ├── UnsupportedBody                 415      unsupported_media_type
        ├── KeyMissing                      401      api_key_missing
        ├── CsrfInvalid                     403      csrf_invalid
        └── TooManyStreams                  503      too_many_streams

A client's mistake is never a 500, and no answer holds a stack trace: what is not foreseen is logged
with the request's id, which the answer names.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from apiflask.exceptions import HTTPError
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from pressroom.contract.problem import FieldProblem, Problem, QueueBound
from pressroom.domain import errors as domain
from pressroom.front.answers import wire_response
from pressroom.telemetry import get_logger

PROBLEM_JSON = "application/problem+json"
ENVELOPES = "pressroom-envelopes"


class FrontError(domain.PressroomError):
    """Base of the front's own errors. ``status`` is what they are answered with."""

    status = 500


class MalformedBody(FrontError):
    code = "malformed_json"
    status = 400


class MalformedText(FrontError):
    code = "malformed_text"
    status = 400


class UnsupportedBody(FrontError):
    code = "unsupported_media_type"
    status = 415


class KeyMissing(FrontError):
    code = "api_key_missing"
    status = 401


class CsrfInvalid(FrontError):
    code = "csrf_invalid"
    status = 403


class TooManyStreams(FrontError):
    code = "too_many_streams"
    status = 503


# The first class that an error is an instance of decides.
_STATUS: tuple[tuple[type[domain.PressroomError], int], ...] = (
    (domain.ModelUnknown, 404),
    (domain.QueueFull, 429),
    (domain.TokensSpent, 429),
    (domain.TooManyRequests, 429),
    (domain.BudgetSpent, 402),
    (domain.Refused, 422),
    (domain.JobErased, 410),
    (domain.BatchErased, 410),
    (domain.WrongState, 409),
    (domain.NotThere, 404),
    (domain.Forbidden, 403),
    (domain.NotAllowed, 401),
    (domain.Unavailable, 503),
)

_RETRY_AFTER_S = {429: 5.0, 503: 2.0}

_HTTP_CODES = {
    400: ("bad_request", "The request cannot be read."),
    404: ("not_found", "There is nothing at this address; /docs lists what there is."),
    405: ("method_not_allowed", "This address does not take this method; the Allow header says which."),
    406: ("not_acceptable", "This address has no such form."),
    413: ("body_too_large", "The body is too large."),
    414: ("address_too_long", "The address is too long."),
    415: ("unsupported_media_type", "Send application/json."),
    431: ("headers_too_large", "The headers are too large."),
}


def status_of(error: domain.PressroomError) -> int:
    """The HTTP status that an error is answered with."""
    if isinstance(error, FrontError):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    field: str | None = None,
    errors: tuple[FieldProblem, ...] = (),
    headers: dict[str, str] | None = None,
    queue: QueueBound | None = None,
) -> Response:
    """A problem+json answer that names the request's id; or the same in the words of the dialect that was spoken."""
    g.problem = code
    envelope = current_app.extensions[ENVELOPES].get(request.path[1:].partition("/")[0])
    if envelope is not None:
        answer: Response = envelope(status, code, detail, field=field, headers=headers or {})
        return answer
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        field=field,
        errors=errors,
        queue=queue,
        request_id=g.get("request_id", ""),
    )
    return wire_response(problem, status, headers=headers, media_type=PROBLEM_JSON)


def register(app: Flask, envelopes: Mapping[str, Callable[..., Response]] | None = None) -> None:
    """Answer every error of the app this way; below the first part of a path that ``envelopes`` knows, in its own."""
    app.extensions[ENVELOPES] = dict(envelopes or {})
    app.register_error_handler(domain.PressroomError, _pressroom_error)
    app.register_error_handler(HTTPError, _invalid_input)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)


def _pressroom_error(error: domain.PressroomError) -> Response:
    status = status_of(error)
    if status == 500:
        return _unforeseen(error)
    headers: dict[str, str] = {}
    if status in _RETRY_AFTER_S:
        wait = error.retry_after_s if error.retry_after_s is not None else _RETRY_AFTER_S[status]
        headers["Retry-After"] = str(max(1, round(wait)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="pressroom"'
    errors: tuple[FieldProblem, ...] = ()
    if isinstance(error, domain.InputInvalid) and error.errors:
        errors = tuple(FieldProblem(field=field, message=message) for field, message in error.errors)
    elif error.field is not None:
        errors = (FieldProblem(field=error.field, message=error.message),)
    queue = _queue_bound(error) if isinstance(error, domain.QueueFull) else None
    return problem_response(
        status, error.code, error.message, field=error.field, errors=errors, headers=headers, queue=queue
    )


def _queue_bound(error: domain.QueueFull) -> QueueBound:
    return QueueBound(
        bound=error.bound.value,
        limit=error.limit,
        ended_per_second=error.outlook.per_second,
        live_workers=error.outlook.workers,
    )


def _invalid_input(error: HTTPError) -> Response:
    """What APIFlask's validation found: ``{location: {field: [messages]}}``."""
    found = [
        FieldProblem(field=_field(location, field), message=message)
        for location, fields in _locations(error.detail)
        for field, messages in fields.items()
        for message in messages
    ]
    if not found:
        return problem_response(error.status_code, *_words(error.status_code))
    detail = f"{found[0].field}: {found[0].message}." + (
        f" {len(found) - 1} more of the request's fields are wrong too." if len(found) > 1 else ""
    )
    return problem_response(422, "input_invalid", detail, field=found[0].field, errors=tuple(found))


def _locations(detail: Any) -> list[tuple[str, dict[str, list[str]]]]:
    return list(detail.items()) if isinstance(detail, dict) else []


def _field(location: str, field: str) -> str:
    if location == "json":
        return "body" if field == "_schema" else field
    return f"{location}.{field}"


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:  # a redirect
        return Response(error.get_body(), status, error.get_headers())
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Content-Range")}
    code, words = _words(status)
    if status == 413 and "most_bytes" in g:
        words = f"{words[:-1]}: at most {g.most_bytes:,} bytes are taken at this address."
    return problem_response(status, code, words, headers=headers)


def _words(status: int) -> tuple[str, str]:
    return _HTTP_CODES.get(status, ("error", f"{HTTPStatus(status).phrase}."))


def _unforeseen(error: Exception) -> Response:
    get_logger(__name__).error("request_failed", method=request.method, path=request.path, exc_info=error)
    return problem_response(
        500, "internal_error", "Something went wrong here; the log has more under this request id."
    )
