"""Errors on the wire: problem+json (RFC 9457) with a stable ``code``."""

from typing import Literal

from pydantic import Field

from pressroom.contract.base import Wire


class FieldProblem(Wire):
    """One field that is wrong. ``field`` is its path in the request, e.g. ``params.top_p``."""

    field: str
    message: str


class QueueBound(Wire):
    """The bound of the queue that is reached, and how fast the queue moves."""

    bound: Literal["lane", "pool", "all"] = Field(
        description="`lane`: your own jobs in the model's pool; `pool`: everybody's; `all`: those of all pools."
    )
    limit: int = Field(description="How many jobs it lets wait.")
    ended_per_second: float | None = Field(
        description="How fast jobs of it have ended of late; null where that is not known."
    )
    live_workers: int = Field(description="Workers that would take jobs of it.")


class Problem(Wire):
    """The body of every answer with a status of 400 or more."""

    type: str = Field("about:blank", description="A link to what the code means.")
    title: str = ""
    status: int = 0
    code: str = Field("error", description="Stable; programs branch on it.")
    detail: str = Field("", description="What happened and what to do.")
    field: str | None = Field(None, description="Path of the field at fault.")
    errors: tuple[FieldProblem, ...] = Field((), description="All fields at fault.")
    queue: QueueBound | None = Field(None, description="With `queue_full`: what is full.")
    request_id: str = ""
