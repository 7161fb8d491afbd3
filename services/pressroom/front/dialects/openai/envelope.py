"""Errors in OpenAI's envelope: ``{"error": {"message", "type", "param", "code"}}``.

Its client tries again after 408, 409, 429 and everything from 500 on, unless ``x-should-retry`` says not to: so no answer
here is a 409, and what would fail again says so.
"""

import json
from collections.abc import Mapping

from flask import Response, request

from pressroom.front.dialects.openai.shapes import UNSUPPORTED

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
_CODES = {
    "api_key_missing": "invalid_api_key",
    "api_key_invalid": "invalid_api_key",
    "model_unknown": "model_not_found",
    "prompt_too_long": "context_length_exceeded",
    "queue_full": "rate_limit_exceeded",
}
_STATUS = {409: 400, 410: 404, 422: 400}
_FINAL = frozenset({"not_in_time", "internal_error", "not_implemented"})
"""Codes of errors from 500 on that another try does not help against."""

# Where our names differ from those that were sent: by what was asked, else for all.
_NAMES = {
    "chat/completions": {"input": "messages"},
    "completions": {"input": "prompt"},
    "images/generations": {"input": "prompt"},
    "responses": {"params.max_tokens": "max_output_tokens", "params.guide": "text.format"},
}
_PARAMS = {
    "params.guide": "response_format",
    "params.size": "size",
    "params.scale": "size",
    "params.format": "output_format",
    "params.label": "prompt",
}


def error_response(
    status: int, code: str, message: str, *, field: str | None, headers: Mapping[str, str]
) -> Response:
    """``status``, ``code`` and ``field`` are Pressroom's own."""
    answered = _STATUS.get(status, status)
    if code == "input_invalid":
        code, message = _in_their_words(message, param(field))
    response = Response(
        json.dumps(error(answered, code, message, field), ensure_ascii=False),
        answered,
        content_type="application/json",
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers)
    if answered >= 500 and (code in _FINAL or code.startswith("job_")):
        response.headers["x-should-retry"] = "false"
    return response


def _in_their_words(message: str, named: str | None) -> tuple[str, str]:
    """Code and sentence of what is wrong with a request."""
    if "Extra inputs are not permitted" in message:
        return "unknown_parameter", f"Unknown parameter: {named}. Leave it away."
    if UNSUPPORTED in message:
        return "unsupported_parameter", f"{named} is not supported here; leave it away."
    return "invalid_value", message.replace("Value error, ", "")


def error(status: int, code: str, message: str, field: str | None = None) -> dict[str, dict[str, str | None]]:
    """The body."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {
        "error": {"message": message, "type": kind, "param": param(field), "code": _CODES.get(code, code)}
    }


def param(field: str | None) -> str | None:
    """A path in our request as one in theirs; one in theirs as it is, without the names of types that were tried."""
    if field is None or field == "body":
        return None
    names = _PARAMS | _NAMES.get(request.path.rpartition("/v1/")[2], {})
    if field in names:
        return names[field]
    first, _, rest = field.partition(".")
    ours = first == "params" or (first == "input" and rest.startswith(("messages", "prompt", "pictures")))
    path = (rest if ours else field).split(".")
    return ".".join(part for part in path if part != "str" and "[" not in part)
