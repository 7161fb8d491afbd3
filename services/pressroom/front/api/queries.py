"""What may stand in query strings. Values come as text, so numbers are read from digits here."""

from pydantic import BaseModel, ConfigDict, Field

from pressroom.contract.jobs import StateName


class Query(BaseModel):
    """Base: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """What is read page by page."""

    cursor: str | None = Field(
        None, min_length=1, max_length=256, description="Continue: `next` of the page before."
    )


class JobsQuery(PageQuery):
    """``GET /v1/jobs``."""

    status: StateName | None = Field(None, description="Only jobs of this status.")
    model: str | None = Field(None, min_length=1, max_length=64, description="Only jobs of this model.")
    limit: int = Field(50, ge=1, le=100, description="Most jobs of a page.")


class EventsQuery(Query):
    """``GET /v1/jobs/{id}/events``."""

    last_event_id: str | None = Field(
        None,
        max_length=64,
        description="Go on behind this event; as the header Last-Event-ID, which goes before it.",
    )
