"""Batches as OpenAI's clients are answered, and the lines of what came of them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pressroom.domain.batch import OPENAI, OPENAI_WINDOW_S, Batch, BatchCounts, BatchRow, BatchState, RowState
from pressroom.domain.job import Job
from pressroom.front.dialects.openai import response_telling, telling
from pressroom.front.dialects.openai.embeddings import embedding_list

DIALECT = {"dialect": OPENAI}
"""Marks the batches that were made here."""

Numbers = Sequence[Sequence[float]]

_THEIRS = "metadata."
_OUTPUT, _ERRORS = "file-output_", "file-errors_"


def marked(endpoint: str, input_file_id: str, metadata: dict[str, str] | None) -> dict[str, str]:
    """What is stored with a batch."""
    theirs = {f"{_THEIRS}{name}": value for name, value in (metadata or {}).items()}
    return {**DIALECT, "endpoint": endpoint, "input_file_id": input_file_id, **theirs}


def is_ours(batch: Batch) -> bool:
    return batch.of_openai


def is_late(batch: Batch, now_ms: int) -> bool:
    """Whether its time is over while it runs."""
    return batch.state is BatchState.RUNNING and now_ms >= batch.created_at + OPENAI_WINDOW_S * 1000


def batch_object(batch: Batch, told: BatchCounts) -> dict[str, Any]:
    """The batch with its counts."""
    expires_at = batch.created_at + OPENAI_WINDOW_S * 1000
    late = batch.canceled_at is not None and batch.canceled_at >= expires_at
    failed = told.refused + told.failed + told.expired
    ended = batch.finished_at is not None
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.metadata.get("endpoint", ""),
        "errors": None,
        "input_file_id": batch.metadata.get("input_file_id", ""),
        "completion_window": "24h",
        "status": _status(batch, late=late),
        "output_file_id": _OUTPUT + batch.id if ended and told.succeeded else None,
        "error_file_id": _ERRORS + batch.id if ended and (failed or told.canceled) else None,
        "created_at": batch.created_at // 1000,
        "in_progress_at": _seconds(batch.received_at),
        "expires_at": expires_at // 1000,
        "finalizing_at": _seconds(batch.finished_at),
        "completed_at": _seconds(batch.finished_at) if batch.canceled_at is None else None,
        "failed_at": None,
        "expired_at": _seconds(batch.canceled_at) if late else None,
        "cancelling_at": None if late else _seconds(batch.canceled_at),
        "cancelled_at": _seconds(batch.finished_at) if batch.canceled_at is not None and not late else None,
        "request_counts": {"total": batch.rows, "completed": told.succeeded, "failed": failed},
        "metadata": {
            name.removeprefix(_THEIRS): value
            for name, value in batch.metadata.items()
            if name.startswith(_THEIRS)
        },
    }


def lines(
    batch: Batch, rows: Iterable[BatchRow], numbers: Callable[[Job], Numbers], *, good: bool
) -> Iterator[str]:
    """Of the output file, or of the one of errors. ``numbers`` reads those of a job that has told some."""
    for row in rows:
        if (row.state is RowState.SUCCEEDED and row.job is not None) == good:
            yield json.dumps(_line(batch, row, numbers), ensure_ascii=False) + "\n"


def produced(file_id: str) -> tuple[str, bool] | None:
    """The batch that a file came of, and whether it is that of results; None: it is one that was sent in."""
    for prefix, good in ((_OUTPUT, True), (_ERRORS, False)):
        if file_id.startswith(prefix):
            return file_id.removeprefix(prefix), good
    return None


def _line(batch: Batch, row: BatchRow, numbers: Callable[[Job], Numbers]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": f"batch_req_{row.job_id or f'{batch.id}_{row.n}'}",
        "custom_id": row.custom_id,
        "response": None,
        "error": None,
    }
    if row.state is RowState.SUCCEEDED and row.job is not None:
        body = _body(batch, row.job, numbers)
        return told | {"response": {"status_code": 200, "request_id": row.job.id, "body": body}}
    code, message = _wrong(row)
    return told | {"error": {"code": code, "message": message}}


def _body(batch: Batch, job: Job, numbers: Callable[[Job], Numbers]) -> dict[str, Any]:
    match batch.metadata.get("endpoint"):
        case "/v1/responses":
            return response_telling.response(job)
        case "/v1/embeddings":
            return embedding_list(job, numbers(job), in_base64=False)
        case "/v1/completions":
            return telling.text_completion([job])
    return telling.chat_completion(job, "default")


def _wrong(row: BatchRow) -> tuple[str, str]:
    if row.error_code is not None:
        return row.error_code, row.error_message or ""
    if row.job is not None and row.job.error_code is not None:
        return row.job.error_code, row.job.error_message or ""
    if row.state is RowState.EXPIRED:
        return "batch_expired", "The row's time was over before a worker had done it."
    if row.state is RowState.CANCELED:
        return "batch_cancelled", "The batch was canceled, or its time was over, before this row was done."
    return "job_erased", "The job of this row was erased; its result is gone."


def _status(batch: Batch, *, late: bool) -> str:
    match batch.state:
        case BatchState.RECEIVING:
            return "validating"
        case BatchState.RUNNING:
            return "in_progress"
        case BatchState.FINISHED:
            return "completed"
    if late:
        return "expired"
    return "cancelled" if batch.finished_at is not None else "cancelling"


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // 1000
