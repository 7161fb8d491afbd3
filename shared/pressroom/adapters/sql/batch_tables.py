"""The tables of batches: many requests posted as one, let into the queue as it has room.

    batch ──< batch_row ──▶ job

A row waits with its request; once it is a job the request is the job's and the row only names it. A
row that cannot become a job holds why. ``n`` is the row's line in what was posted, counted from 1.

``finished_at`` is NULL while the relay has something to do for a batch: rows to let in, an end to
find, jobs to cancel, or (``erased_at`` is set) rows and jobs to remove.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Named,
    String,
    Table,
    TypedColumns,
    literal_column,
)

from pressroom.adapters.sql.tables import Utf8, metadata

WAITING: ColumnElement[bool] = literal_column("request IS NOT NULL")
UNFINISHED: ColumnElement[bool] = literal_column("finished_at IS NULL")


class BatchColumns(TypedColumns):
    id: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64), ForeignKey("tenant.id"))
    state: Named[str] = Column(String(16))
    # what every row has unless it says otherwise: model, params, priority, …
    defaults: Named[dict[str, Any]] = Column(JSON)
    metadata: Named[dict[str, str]] = Column("metadata", JSON)
    rows: Named[int] = Column(Integer)
    refused: Named[int] = Column(Integer)
    # rows that are jobs, or were
    released: Named[int] = Column(Integer)
    # the longest of its rows: how long the batch itself is kept after its end
    result_ttl_s: Named[int] = Column(Integer)
    created_at: Named[int] = Column(BigInteger)
    received_at: Named[int | None] = Column(BigInteger)
    canceled_at: Named[int | None] = Column(BigInteger)
    finished_at: Named[int | None] = Column(BigInteger)
    expires_at: Named[int | None] = Column(BigInteger)
    erased_at: Named[int | None] = Column(BigInteger)
    idempotency_key: Named[str | None] = Column(String(255))
    body_mac: Named[str | None] = Column(String(64))
    request_id: Named[str | None] = Column(String(128))


batch = Table(
    "batch",
    metadata,
    BatchColumns,
    CheckConstraint("state IN ('receiving', 'running', 'finished', 'canceled')", name="state"),
    Index(None, "tenant", "created_at", "id"),
    Index("uq_batch_idempotency_key", "tenant", "idempotency_key", unique=True),
    Index(None, "expires_at"),
)
Index("ix_batch_unfinished", batch.c.created_at, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED)


class BatchRowColumns(TypedColumns):
    batch_id: Named[str] = Column(String(64), ForeignKey("batch.id"), primary_key=True)
    n: Named[int] = Column(Integer, primary_key=True)
    custom_id: Named[str | None] = Column(String(255))
    request: Named[dict[str, Any] | None] = Column(JSON(none_as_null=True))
    job_id: Named[str | None] = Column(String(64))
    error_code: Named[str | None] = Column(String(64))
    error_message: Named[str | None] = Column(Utf8)


batch_row = Table("batch_row", metadata, BatchRowColumns)
Index(
    "ix_batch_row_waiting",
    batch_row.c.batch_id,
    batch_row.c.n,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index("uq_batch_row_custom_id", batch_row.c.batch_id, batch_row.c.custom_id, unique=True)
