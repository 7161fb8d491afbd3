"""Rows to jobs: the one place that knows how a job lies in its tables."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select

from pressroom.adapters.sql.tables import job, output
from pressroom.domain.chances import TokenChance
from pressroom.domain.copy.review import Review
from pressroom.domain.job import Job, Output, PinnedModel, Usage
from pressroom.domain.spending import Meter
from pressroom.domain.states import State

JobRow = Row[*tuple[Any, ...]]

# The columns of a Job, and no more.
_COLUMNS = (
    job.c.id,
    job.c.tenant,
    job.c.pool,
    job.c.kind,
    job.c.model_name,
    job.c.model_version,
    job.c.model_sha256,
    job.c.state,
    job.c.priority,
    job.c.input,
    job.c.params,
    job.c.metadata,
    job.c.result_ttl_s,
    job.c.created_at,
    job.c.due_at,
    job.c.deadline_at,
    job.c.claimed_at,
    job.c.first_output_at,
    job.c.finished_at,
    job.c.expires_at,
    job.c.erased_at,
    job.c.attempt,
    job.c.errors,
    job.c.crashes,
    job.c.alone,
    job.c.cancel_requested,
    job.c.cancel_requested_at,
    job.c.finish_reason,
    job.c.error_code,
    job.c.error_message,
    job.c.requeue_of,
    job.c.prompt_ttl_s,
    job.c.events_ttl_s,
    job.c.prompt_erased_at,
    job.c.tokens_in,
    job.c.tokens_out,
    job.c.engine_ms,
    job.c.meter,
    job.c.charged_nanos,
)


def kept_until(row: JobRow, now: int) -> dict[str, Any]:
    """The values of a job that ends at ``now``: until when its result is kept, and until when its input."""
    prompt = None if row.prompt_ttl_s is None else now + row.prompt_ttl_s * 1000
    return {"expires_at": now + row.result_ttl_s * 1000, "prompt_expires_at": prompt}


def job_columns() -> tuple[Any, ...]:
    """What to select, or return, so that ``to_job`` can read it."""
    return _COLUMNS


def select_jobs() -> Select[*tuple[Any, ...]]:
    """A select of everything that ``to_job`` reads."""
    return select(*_COLUMNS)


def to_job(row: JobRow, outputs: tuple[Output, ...] = ()) -> Job:
    """A job of its row."""
    return Job(
        id=row.id,
        tenant=row.tenant,
        model=PinnedModel(row.model_name, row.model_version, row.model_sha256),
        kind=row.kind,
        pool=row.pool,
        state=State(row.state),
        priority=row.priority,
        input=row.input,
        params=row.params,
        metadata=row.metadata,
        created_at=row.created_at,
        due_at=row.due_at,
        deadline_at=row.deadline_at,
        result_ttl_s=row.result_ttl_s,
        attempt=row.attempt,
        errors=row.errors,
        crashes=row.crashes,
        cancel_requested=row.cancel_requested,
        cancel_requested_at=row.cancel_requested_at,
        claimed_at=row.claimed_at,
        first_output_at=row.first_output_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        finish_reason=row.finish_reason,
        error_code=row.error_code,
        error_message=row.error_message,
        requeue_of=row.requeue_of,
        prompt_ttl_s=row.prompt_ttl_s,
        events_ttl_s=row.events_ttl_s,
        prompt_erased_at=row.prompt_erased_at,
        usage=Usage(row.tokens_in, row.tokens_out, row.engine_ms),
        outputs=outputs,
        meter=Meter.of_row(row.meter) if row.meter is not None else None,
        charged_nanos=row.charged_nanos,
    )


def with_outputs(connection: Connection, rows: Iterable[JobRow]) -> list[Job]:
    """Jobs of their rows, with all their outputs, in one more query."""
    known = list(rows)
    # Only a job that has ended has outputs.
    found = _outputs(connection, [row.id for row in known if row.finished_at is not None])
    return [to_job(row, tuple(found.get(row.id, ()))) for row in known]


_OUTPUTS = (
    select(output)
    .where(output.c.job_id.in_(bindparam("job_ids", expanding=True)))
    .order_by(output.c.job_id, output.c.n)
)


def _outputs(connection: Connection, job_ids: Sequence[str]) -> dict[str, list[Output]]:
    found: dict[str, list[Output]] = {}
    if not job_ids:
        return found
    for row in connection.execute(_OUTPUTS, {"job_ids": list(job_ids)}):
        found.setdefault(row.job_id, []).append(
            Output(
                n=row.n,
                media_type=row.media_type,
                size=row.size,
                sha256=row.sha256,
                finish_reason=row.finish_reason,
                text=row.text,
                artifact=row.artifact,
                width=row.width,
                height=row.height,
                label=row.label,
                logprobs=None if row.logprobs is None else tuple(map(TokenChance.of_row, row.logprobs)),
                review=None if row.review is None else Review.of_row(row.review),
            )
        )
    return found


def insert_outputs(connection: Connection, job_id: str, outputs: Iterable[Output]) -> None:
    """Store the outputs of a job that ends in the same transaction."""
    values = [
        {
            "job_id": job_id,
            "n": item.n,
            "media_type": item.media_type,
            "size": item.size,
            "sha256": item.sha256,
            "finish_reason": item.finish_reason,
            "text": item.text,
            "artifact": item.artifact,
            "width": item.width,
            "height": item.height,
            "label": item.label,
            "logprobs": None if item.logprobs is None else [each.as_row() for each in item.logprobs],
            "review": None if item.review is None else item.review.as_row(),
        }
        for item in outputs
    ]
    if values:
        connection.execute(insert(output), values)
