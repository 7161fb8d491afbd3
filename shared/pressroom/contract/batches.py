"""Batches, as they travel over HTTP: many requests in one body, one a line."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pressroom.contract.base import Wire
from pressroom.contract.jobs import JobError, JobRequest, OutputView, UsageView

CustomId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
BatchStateName = Literal["receiving", "running", "finished", "canceled"]
RowStateName = Literal[
    "waiting", "refused", "queued", "running", "succeeded", "failed", "canceled", "expired"
]


class BatchLine(JobRequest):
    """One line of ``POST /v1/batches``: what ``POST /v1/jobs`` takes, and a name of your own.

    ``deadline_s`` counts from when the row is let into the queue."""

    custom_id: CustomId | None = Field(
        None, description="Your name for the row; no other row of the batch may have it."
    )


class BatchCountsView(Wire):
    """How many rows stand where; together they are ``rows``."""

    waiting: int = Field(0, description="Not in the queue yet.")
    refused: int = Field(0, description="Wrong; each says why.")
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    expired: int = 0


class BatchLinks(Wire):
    """Where to go from here."""

    self_: str = Field(alias="self")
    rows: str
    results: str
    cancel: str
    retry: str


class BatchView(Wire):
    """A batch as its owner sees it. Times are milliseconds since the epoch."""

    id: str
    status: BatchStateName
    rows: int = Field(description="Rows that have come.")
    refused: int = Field(description="Those of them that were wrong.")
    counts: BatchCountsView | None = Field(None, description="Told by the single batch only.")
    created_at: int
    received_at: int | None = Field(None, description="When its last row had come; nothing runs before.")
    canceled_at: int | None = None
    finished_at: int | None = Field(None, description="When its last job had ended.")
    expires_at: int | None = Field(None, description="When it is removed, with its rows; set at the end.")
    links: BatchLinks


class BatchPage(Wire):
    """``GET /v1/batches``: newest first. Pass ``next`` as ``cursor`` for the following page."""

    items: tuple[BatchView, ...]
    next: str | None = None


class BatchRowView(Wire):
    """A row: ``n`` is its line, counted from 1."""

    n: int
    custom_id: str | None = None
    status: RowStateName
    job: str | None = Field(None, description="Id of its job.")
    error: JobError | None = None


class BatchRowPage(Wire):
    """``GET /v1/batches/{id}/rows``, in order. Pass ``next`` as ``cursor`` for the following page."""

    items: tuple[BatchRowView, ...]
    next: str | None = None


class BatchResult(BatchRowView):
    """One line of ``GET /v1/batches/{id}/results``: a row that has ended, with all that it made."""

    outputs: tuple[OutputView, ...] = ()
    usage: UsageView | None = None
