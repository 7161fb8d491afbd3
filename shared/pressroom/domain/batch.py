"""A batch: many requests posted as one, and let into the queue as it has room.

    –  ──────▶ receiving ──────▶ running ◀─────▶ finished        (retry: finished ──▶ running)
                   │                │
                   └──▶ canceled ◀──┘

Only a ``running`` batch lets rows in, so nothing of a body that broke off ever runs. A canceled batch
has a ``finished_at`` once its last job has ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pressroom.domain.job import Job, NewJob
from pressroom.domain.states import State


class BatchState(StrEnum):
    """Where a batch stands."""

    RECEIVING = "receiving"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELED = "canceled"


class RowState(StrEnum):
    """Where a row stands: that of its job, or ``waiting`` before it has one, or ``refused`` for good."""

    WAITING = "waiting"
    REFUSED = "refused"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


# What has become of a row for good, until somebody has it made anew.
ENDED_ROWS = frozenset(RowState) - {RowState.WAITING, RowState.QUEUED, RowState.RUNNING}


# What the batches of that dialect bear in their metadata, and for how long they run.
OPENAI = "openai"
OPENAI_WINDOW_S = 24 * 3_600


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch whose rows are about to come. ``defaults``: what a row has unless it says otherwise."""

    id: str
    tenant: str
    defaults: Mapping[str, Any]
    metadata: Mapping[str, str]
    key: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to store: ``new`` is the job that it will be, or the error says why it cannot be one.

    ``n`` is its line, counted from 1."""

    n: int
    custom_id: str | None
    new: NewJob | None
    error_code: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch without its rows. ``released`` rows are jobs; those that are not and were not refused wait.

    ``result_ttl_s``: the longest of its rows, and so how long the batch is kept after its end."""

    id: str
    tenant: str
    state: BatchState
    defaults: Mapping[str, Any]
    metadata: Mapping[str, str]
    rows: int
    refused: int
    released: int
    result_ttl_s: int
    created_at: int
    received_at: int | None = None
    canceled_at: int | None = None
    finished_at: int | None = None
    expires_at: int | None = None
    body_mac: str | None = None

    @property
    def of_openai(self) -> bool:
        """Whether it was made in that dialect, and so is found there."""
        return self.metadata.get("dialect") == OPENAI

    def over_in_openai(self, at: int) -> bool:
        """Whether the day that such a batch has is over at a moment."""
        return at >= self.created_at + OPENAI_WINDOW_S * 1000

    @property
    def unreleased(self) -> int:
        """Good rows that are no jobs."""
        return self.rows - self.refused - self.released


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """How many rows stand where; together they are all rows of the batch."""

    waiting: int = 0
    refused: int = 0
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    expired: int = 0


def counts_of(batch: Batch, jobs: Mapping[State, int]) -> BatchCounts:
    """The counts of a batch whose jobs stand so. What waited when it was canceled is canceled too."""
    canceled = batch.state is BatchState.CANCELED
    return BatchCounts(
        waiting=0 if canceled else batch.unreleased,
        refused=batch.refused,
        queued=jobs.get(State.QUEUED, 0),
        running=jobs.get(State.RUNNING, 0),
        succeeded=jobs.get(State.SUCCEEDED, 0),
        failed=jobs.get(State.FAILED, 0),
        canceled=jobs.get(State.CANCELED, 0) + (batch.unreleased if canceled else 0),
        expired=jobs.get(State.EXPIRED, 0),
    )


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row as it stands. ``job`` is None where it has none, or none any more."""

    n: int
    custom_id: str | None
    state: RowState
    job_id: str | None = None
    job: Job | None = None
    error_code: str | None = None
    error_message: str | None = None
