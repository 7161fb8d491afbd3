"""What happens to a job, as a stream of events (SSE, and Redis Streams behind it).

An event's id is ``<attempt>-<seq>``: it only grows, and the sequence has no holes within an
attempt, so that a reader knows when it missed something. The client's rule is short: append each
``delta`` at its ``offset``; on ``reset`` throw away all text; stop at ``end`` or ``gone``. To SSE
clients the id of a ``reset`` is ``<attempt>-0``, that of an output told whole from the database
``<attempt>-t<n>``, and that of the last event ``<attempt>-end``: coming back with it is answered 204.
"""

from typing import Literal

from pydantic import Field

from pressroom.contract.base import Wire
from pressroom.contract.jobs import StateName


class Started(Wire):
    """A worker has begun an attempt."""

    type: Literal["started"] = "started"
    attempt: int


class Delta(Wire):
    """Output ``n`` grew by ``text``, which begins at character ``offset``."""

    type: Literal["delta"] = "delta"
    n: int
    offset: int = Field(ge=0)
    text: str


class Reset(Wire):
    """Forget the text so far: another attempt writes it anew, or a gap is filled from the database."""

    type: Literal["reset"] = "reset"
    attempt: int
    reason: Literal["new_attempt", "gap"]


class End(Wire):
    """The job is over; nothing follows."""

    type: Literal["end"] = "end"
    status: StateName
    finish_reason: str | None = None


class Gone(Wire):
    """The job was erased while it was followed; nothing follows."""

    type: Literal["gone"] = "gone"


Event = Started | Delta | Reset | End | Gone


class EventEnvelope(Wire):
    """An event with its id, as SSE sends it (``id:``, ``event:`` and ``data:``)."""

    id: str
    event: Event = Field(discriminator="type")
