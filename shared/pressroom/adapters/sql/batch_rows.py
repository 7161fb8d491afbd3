"""Rows of ``batch`` and ``batch_row`` to batches and back: the one place that knows how they lie there."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from pressroom.adapters.refusals import batch_erased, batch_unknown
from pressroom.adapters.sql.batch_tables import batch
from pressroom.adapters.sql.reading import storable
from pressroom.adapters.sql.rows import JobRow
from pressroom.domain.batch import Batch, BatchState
from pressroom.domain.ids import new_id
from pressroom.domain.job import NewJob, PinnedModel
from pressroom.domain.spending import Meter

_COLUMNS = (
    batch.c.id,
    batch.c.tenant,
    batch.c.state,
    batch.c.defaults,
    batch.c.metadata,
    batch.c.rows,
    batch.c.refused,
    batch.c.released,
    batch.c.result_ttl_s,
    batch.c.created_at,
    batch.c.received_at,
    batch.c.canceled_at,
    batch.c.finished_at,
    batch.c.expires_at,
    batch.c.erased_at,
    batch.c.body_mac,
    batch.c.request_id,
)
# What a waiting row keeps of the job that it will be; the rest is the batch's, or made with the job.
_KEPT = (
    "kind",
    "pool",
    "priority",
    "input",
    "params",
    "metadata",
    "deadline_s",
    "result_ttl_s",
    "prompt_ttl_s",
    "events_ttl_s",
    "webhook",
)
_METER = "meter"


def select_batches() -> Select[*tuple[Any, ...]]:
    """A select of everything that ``to_batch`` reads."""
    return select(*_COLUMNS)


def to_batch(row: JobRow) -> Batch:
    """A batch of its row."""
    return Batch(
        id=row.id,
        tenant=row.tenant,
        state=BatchState(row.state),
        defaults=row.defaults,
        metadata=row.metadata,
        rows=row.rows,
        refused=row.refused,
        released=row.released,
        result_ttl_s=row.result_ttl_s,
        created_at=row.created_at,
        received_at=row.received_at,
        canceled_at=row.canceled_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        body_mac=row.body_mac,
    )


def locked_batch(connection: Connection, tenant: str, batch_id: str) -> Batch:
    """The batch, locked until the transaction's end. Raises BatchUnknown, BatchErased."""
    wanted = select_batches().where(batch.c.id == batch_id, batch.c.tenant == tenant)
    row = connection.execute(wanted.with_for_update()).one_or_none() if storable(batch_id) else None
    if row is None:
        raise batch_unknown()
    if row.erased_at is not None:
        raise batch_erased()
    return to_batch(row)


def request_of(new: NewJob) -> dict[str, Any]:
    """What ``batch_row.request`` holds of a job to be."""
    model = {"name": new.model.name, "version": new.model.version, "sha256": new.model.sha256}
    kept = {name: getattr(new, name) for name in _KEPT}
    if new.meter is not None:
        kept[_METER] = new.meter.as_row()
    return {"model": model, **{name: _plain(value) for name, value in kept.items() if value is not None}}


def jobs_of(of: JobRow, rows: Sequence[JobRow]) -> list[NewJob]:
    """The jobs that rows (``n``, ``request``) of the batch ``of`` become.

    Their ids rise with the rows, since jobs of one moment are served in the order of their ids."""
    ids = sorted(new_id("job") for _ in rows)
    return [_job_of(row.request, of, row.n, job_id) for row, job_id in zip(rows, ids, strict=True)]


def _job_of(request: Mapping[str, Any], of: JobRow, n: int, job_id: str) -> NewJob:
    rest = {name: value for name, value in request.items() if name != "model"}
    if _METER in rest:
        rest[_METER] = Meter.of_row(rest[_METER])
    return NewJob(
        id=job_id,
        tenant=of.tenant,
        model=PinnedModel(**request["model"]),
        request_id=of.request_id,
        batch=of.id,
        batch_row=n,
        **rest,
    )


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
