"""What has become of a feed's pieces: how each stands, which candidate is taken, and what was decided about it.

batch row (job, outputs, reviews) + newest decision ──> Piece
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from pressroom.contract.feeds import PieceState
from pressroom.domain.batch import BatchRow, RowState
from pressroom.domain.job import Job, Output
from pressroom.jobs.feedback import Feedback

_STATES: TypeAdapter[PieceState] = TypeAdapter(PieceState)


@dataclass(frozen=True, slots=True)
class Piece:
    """Output ``column`` of row ``row``; ``n`` counts all pieces of the feed from 1. ``output`` is the candidate that is taken, ``text``
    what is published of it: as somebody has edited it, else as it was written."""

    n: int
    row: int
    key: str
    column: str
    state: PieceState
    job: Job | None = None
    output: Output | None = None
    text: str | None = None
    findings: tuple[str, ...] = ()
    error: tuple[str, str] | None = None


def piece_of(row: BatchRow, columns: tuple[str, ...], decided: Mapping[str, Feedback]) -> Piece:
    """The piece that a row of the feed's batch is."""
    n, column = divmod(row.n - 1, len(columns))
    key = row.job.metadata.get("key", "") if row.job is not None else (row.custom_id or "").partition(":")[2]
    place = (row.n, n + 1, key, columns[column])
    if row.state is not RowState.SUCCEEDED or row.job is None or not row.job.outputs:
        stands = "failed" if row.state is RowState.SUCCEEDED else row.state.value
        return Piece(*place, _STATES.validate_python(stands), row.job, error=_error(row))
    decision = decided.get(row.job.id)
    output = _taken(row.job, decision)
    findings = output.review.findings if output.review is not None else ()
    state: PieceState = "needs_review" if findings else "ready"
    if decision is not None and decision.decision is not None:
        state = decision.decision
    edited = decision.edited if decision is not None else None
    return Piece(*place, state, row.job, output, edited or output.text, findings)


def is_published(piece: Piece, which: str) -> bool:
    """Whether an export of ``approved`` pieces, of those that are ``ready``, or of ``all`` takes it."""
    if piece.output is None or piece.state == "rejected":
        return False
    if which == "all":
        return True
    return piece.state == "approved" or (which == "ready" and piece.state == "ready")


def _taken(job: Job, decision: Feedback | None) -> Output:
    """The one that was decided about, else the first in the order of candidates."""
    if decision is not None:
        chosen = decision.chosen if decision.chosen is not None else decision.output
        found = next((output for output in job.outputs if output.n == chosen), None)
        if found is not None:
            return found
    return min(job.outputs, key=lambda each: each.review.rank if each.review is not None else each.n + 1)


def _error(row: BatchRow) -> tuple[str, str] | None:
    if row.error_code is not None:
        return row.error_code, row.error_message or ""
    if row.job is not None and row.job.error_code is not None:
        return row.job.error_code, row.job.error_message or ""
    if row.state is RowState.SUCCEEDED:
        return "job_erased", "The job of this piece was erased; its result is gone."
    return None
