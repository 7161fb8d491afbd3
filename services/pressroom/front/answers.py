"""Wire shapes as HTTP answers."""

from collections.abc import Mapping

from flask import Response

from pressroom.contract.base import Wire


def wire_response(
    shape: Wire,
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """``shape`` as JSON. Answers about jobs are never kept by anything on the way."""
    response = Response(shape.model_dump_json(by_alias=True), status, content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response
