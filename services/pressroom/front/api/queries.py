"""What may stand in query strings. Values come as text, so numbers are read from digits here."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pressroom.contract.batches import RowStateName
from pressroom.contract.jobs import CampaignName, StateName


class Query(BaseModel):
    """Base: unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """What is read page by page."""

    cursor: str | None = Field(
        None, min_length=1, max_length=256, description="Continue: `next` of the page before."
    )


class OnDisconnectQuery(Query):
    """Where a client waits on the connection."""

    on_disconnect: Literal["continue", "cancel"] = Field(
        "continue",
        description="What becomes of the job if you close the connection before the job has ended. "
        "`cancel` needs the scope `write`.",
    )


class PostQuery(OnDisconnectQuery):
    """``POST /v1/jobs``."""

    dry_run: bool = Field(
        False, description="Store nothing: answer with a quote of what it would take, cost and wait for."
    )


class JobsQuery(PageQuery):
    """``GET /v1/jobs``."""

    status: StateName | None = Field(None, description="Only jobs of this status.")
    model: str | None = Field(None, min_length=1, max_length=64, description="Only jobs of this model.")
    limit: int = Field(50, ge=1, le=100, description="Most jobs of a page.")


class FeedbackQuery(PageQuery):
    """``GET /v1/feedback``."""

    limit: int = Field(50, ge=1, le=100, description="Most feedbacks of a page.")


class BatchQuery(Query):
    """``POST /v1/batches``: what a row has that does not say otherwise."""

    model: str | None = Field(None, min_length=1, max_length=64, description="Model of rows that name none.")
    priority: int | None = Field(None, ge=0, le=9, description="Priority of rows that name none.")
    deadline_s: int | None = Field(
        None, ge=1, le=604_800, description="Deadline of rows that name none, from when they are let in."
    )
    result_ttl_s: int | None = Field(
        None, ge=60, le=7_776_000, description="How long results are kept of rows that do not say."
    )
    campaign: CampaignName | None = Field(None, description="Campaign of rows that name none.")


class BatchesQuery(PageQuery):
    """``GET /v1/batches``."""

    limit: int = Field(50, ge=1, le=100, description="Most batches of a page.")


class RowsQuery(PageQuery):
    """``GET /v1/batches/{id}/rows``."""

    status: RowStateName | None = Field(None, description="Only rows of this status.")
    limit: int = Field(100, ge=1, le=500, description="Most rows of a page.")


class PiecesQuery(PageQuery):
    """``GET /v1/feeds/{id}/pieces``."""

    limit: int = Field(100, ge=1, le=500, description="Most pieces of a page.")


class ExportQuery(Query):
    """``GET /v1/feeds/{id}/export``."""

    form: Literal["csv", "jsonl", "zip"] = Field("csv", description="`zip` has the table and its pictures.")
    which: Literal["approved", "ready", "all"] = Field(
        "approved",
        description="`ready`: also what has no finding and was not rejected. `all`: also what has to be looked at.",
    )
    columns: str | None = Field(
        None,
        max_length=2_000,
        description="Only these columns, with commas between. [default: all that are written]",
    )


class ResultsQuery(Query):
    """``GET /v1/batches/{id}/results``."""

    after: int = Field(0, ge=0, le=2_147_483_647, description="Only rows behind this one: go on after a cut.")


class DeliveriesQuery(PageQuery):
    """``GET /v1/webhooks/{id}/deliveries``."""

    limit: int = Field(50, ge=1, le=100, description="Most deliveries of a page.")


class EventsQuery(OnDisconnectQuery):
    """``GET /v1/jobs/{id}/events``."""

    last_event_id: str | None = Field(
        None,
        max_length=64,
        description="Go on behind this event; as the header Last-Event-ID, which goes before it.",
    )


_PLACE = "(day|tenant|api_key|model|campaign)"


class UsageQuery(Query):
    """``GET /v1/usage``."""

    since: date | None = Field(
        None, description="The first date, in UTC; thirty days before the last by default."
    )
    until: date | None = Field(None, description="The last date, in UTC; today by default.")
    by: str = Field(
        "day,api_key,model,campaign",
        pattern=f"^{_PLACE}(,{_PLACE})*$",
        description="What a line is of: any of `day`, `api_key`, `model`, `campaign`, with commas between them. "
        "The others are added up.",
    )


class AdminUsageQuery(UsageQuery):
    """``GET /v1/admin/usage``."""

    tenant: str | None = Field(None, min_length=1, max_length=64, description="Only this tenant's.")
    by: str = Field(
        "day,tenant,model",
        pattern=f"^{_PLACE}(,{_PLACE})*$",
        description="What a line is of: any of `day`, `tenant`, `api_key`, `model`, `campaign`, with commas between "
        "them. The others are added up.",
    )


class KeysQuery(Query):
    """``GET /v1/admin/keys``."""

    tenant: str | None = Field(None, min_length=1, max_length=64, description="Only this tenant's.")
