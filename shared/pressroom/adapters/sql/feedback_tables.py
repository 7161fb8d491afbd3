"""The table of feedback: what a tenant thinks of its jobs' outputs. A row goes with its job's results.

Older code erases and forgets jobs without knowing of it: rows of erased jobs are not shown, and go with the job's row."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Named, String, Table, TypedColumns

from pressroom.adapters.sql.tables import Utf8, metadata


class FeedbackColumns(TypedColumns):
    id: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64))
    job_id: Named[str] = Column(String(64), ForeignKey("job.id", ondelete="CASCADE"))
    created_at: Named[int] = Column(BigInteger)
    model_name: Named[str] = Column(String(64))
    model_version: Named[str] = Column(String(64))
    model_sha256: Named[str] = Column(String(64))
    seed: Named[int | None] = Column(BigInteger)
    output: Named[int] = Column(Integer)
    rating: Named[int | None] = Column(Integer)
    chosen: Named[int | None] = Column(Integer)
    edited: Named[str | None] = Column(Utf8)
    comment: Named[str | None] = Column(Utf8)
    decision: Named[str | None] = Column(String(16))


feedback = Table(
    "feedback",
    metadata,
    FeedbackColumns,
    Index(None, "job_id", "created_at"),
    Index(None, "tenant", "created_at", "id"),
)
