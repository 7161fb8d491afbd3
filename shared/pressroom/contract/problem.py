"""Errors on the wire: problem+json (RFC 9457) with a stable ``code``."""

from pydantic import Field

from pressroom.contract.base import Wire


class FieldProblem(Wire):
    """One field that is wrong. ``field`` is its path in the request, e.g. ``params.top_p``."""

    field: str
    message: str


class Problem(Wire):
    """The body of every answer with a status of 400 or more."""

    type: str = Field("about:blank", description="A link to what the code means.")
    title: str = ""
    status: int = 0
    code: str = Field("error", description="Stable; programs branch on it.")
    detail: str = Field("", description="What happened and what to do.")
    field: str | None = Field(None, description="Path of the field at fault.")
    errors: tuple[FieldProblem, ...] = Field((), description="All fields at fault.")
    request_id: str = ""
