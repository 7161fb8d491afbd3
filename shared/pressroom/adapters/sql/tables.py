"""The tables, portable to SQLite and PostgreSQL. One migration makes them; a test compares the two.

    tenant ──< api_key                    who may ask
    job ──< output                        what was asked, and what came of it
    idempotency_key                       which job a client's key named; outlives the job's content
    lane                                  one tenant's queue in a pool: its virtual time
    worker                                who is alive, and which models it runs
    erasure                               what still has to be removed outside the database
    compatibility                         the oldest code that works on this version of the tables

Batches, webhooks, uploads and spending have rooms of their own beside this one; ``all_tables`` knows all.

Times named ``*_at`` are milliseconds since the epoch. ``job.lease_until`` is in milliseconds of the
lease clock that ``job.lease_clock`` names (see ``clock``). Text that a model wrote is kept as UTF-8
bytes, since it may hold NUL, which PostgreSQL's text type cannot.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Named,
    String,
    Table,
    Text,
    TypedColumns,
    TypeDecorator,
    literal_column,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Utf8(TypeDecorator[str]):
    """A string of any characters, stored as its UTF-8 bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else value.encode("utf-8", "replace")

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else bytes(value).decode()


class TenantColumns(TypedColumns):
    id: Named[str] = Column(String(64), primary_key=True)
    created_at: Named[int] = Column(BigInteger)
    # its policy: how long things are kept; NULL is the settings' default
    result_ttl_s: Named[int | None] = Column(Integer)
    prompt_ttl_s: Named[int | None] = Column(Integer)
    events_ttl_s: Named[int | None] = Column(Integer)
    idempotency_ttl_s: Named[int | None] = Column(Integer)
    # sealed secrets that sign the webhooks which a job names itself
    webhook_secrets: Named[list[dict[str, Any]] | None] = Column(JSON(none_as_null=True))


tenant = Table("tenant", metadata, TenantColumns)


class ApiKeyColumns(TypedColumns):
    id: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64), ForeignKey("tenant.id"))
    label: Named[str] = Column(Text)
    secret_hash: Named[str] = Column(String(64))
    created_at: Named[int] = Column(BigInteger)
    revoked_at: Named[int | None] = Column(BigInteger)
    # NULL: every scope, as the first keys have it
    scopes: Named[list[str] | None] = Column(JSON(none_as_null=True))
    expires_at: Named[int | None] = Column(BigInteger)
    replaces: Named[str | None] = Column(String(64))
    # what it may do, and how much of it; NULL is without a bound
    models: Named[list[str] | None] = Column(JSON(none_as_null=True))
    requests_minute: Named[int | None] = Column(Integer)
    tokens_day: Named[int | None] = Column(BigInteger)
    concurrency: Named[int | None] = Column(Integer)
    priority: Named[int | None] = Column(Integer)


api_key = Table("api_key", metadata, ApiKeyColumns)


class JobColumns(TypedColumns):
    id: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64))
    pool: Named[str] = Column(String(64))
    kind: Named[str] = Column(String(16))
    model_name: Named[str] = Column(String(64))
    model_version: Named[str] = Column(String(64))
    model_sha256: Named[str] = Column(String(64))
    state: Named[str] = Column(String(16))
    priority: Named[int] = Column(Integer)
    input: Named[dict[str, Any]] = Column(JSON)
    params: Named[dict[str, Any]] = Column(JSON)
    metadata: Named[dict[str, str]] = Column("metadata", JSON)
    request_id: Named[str | None] = Column(String(128))
    cost: Named[float] = Column(Double)
    result_ttl_s: Named[int] = Column(Integer)
    prompt_ttl_s: Named[int | None] = Column(Integer)
    events_ttl_s: Named[int | None] = Column(Integer)
    webhook: Named[dict[str, Any] | None] = Column(JSON(none_as_null=True))
    # where it comes from
    batch: Named[str | None] = Column(String(64))
    batch_row: Named[int | None] = Column(Integer)
    requeue_of: Named[str | None] = Column(String(64))
    # when
    created_at: Named[int] = Column(BigInteger)
    due_at: Named[int] = Column(BigInteger)
    deadline_at: Named[int] = Column(BigInteger)
    claimed_at: Named[int | None] = Column(BigInteger)
    first_output_at: Named[int | None] = Column(BigInteger)
    finished_at: Named[int | None] = Column(BigInteger)
    expires_at: Named[int | None] = Column(BigInteger)
    erased_at: Named[int | None] = Column(BigInteger)
    prompt_expires_at: Named[int | None] = Column(BigInteger)
    prompt_erased_at: Named[int | None] = Column(BigInteger)
    # the attempt and its lease
    attempt: Named[int] = Column(Integer)
    errors: Named[int] = Column(Integer)
    crashes: Named[int] = Column(Integer)
    alone: Named[bool]
    cancel_requested: Named[bool]
    cancel_requested_at: Named[int | None] = Column(BigInteger)
    worker: Named[str | None] = Column(String(128))
    lease_clock: Named[str | None] = Column(String(64))
    lease_until: Named[int | None] = Column(BigInteger)
    lease_ms: Named[int | None] = Column(Integer)
    # how it ended
    finish_reason: Named[str | None] = Column(String(64))
    error_code: Named[str | None] = Column(String(64))
    error_message: Named[str | None] = Column(Utf8)
    tokens_in: Named[int] = Column(BigInteger)
    tokens_out: Named[int] = Column(BigInteger)
    engine_ms: Named[int] = Column(BigInteger)
    # on whose account it runs: the key that posted it; prices and what is held (``domain.spending``)
    api_key: Named[str | None] = Column(String(64))
    meter: Named[dict[str, Any] | None] = Column(JSON(none_as_null=True))
    # whether something is held for it, and of which budget
    held: Named[bool | None] = Column(Boolean)
    budget: Named[str | None] = Column(String(64))
    charged_nanos: Named[int | None] = Column(BigInteger)


job = Table(
    "job",
    metadata,
    JobColumns,
    CheckConstraint(
        "state IN ('queued', 'running', 'succeeded', 'failed', 'canceled', 'expired')", name="state"
    ),
)


def _words(predicate: str) -> ColumnElement[bool]:
    # Without a type: a Boolean would be written `… = 1` on SQLite, and no partial index seen.
    return literal_column(predicate)


# The predicates of partial indexes. Queries use the same words, or a planner does not see the index.
QUEUED = _words("state = 'queued'")
RUNNING = _words("state = 'running'")
OPEN = _words("finished_at IS NULL")
KEPT = _words("erased_at IS NULL")
ERASED = _words("erased_at IS NOT NULL")
EXPIRING = _words("expires_at IS NOT NULL")
PROMPT_EXPIRING = _words("prompt_expires_at IS NOT NULL")
ENDED = _words("finished_at IS NOT NULL")
IN_BATCH = _words("batch IS NOT NULL")
DEAD_LETTER = _words("error_code = 'dead_letter'")
REQUEUED = _words("requeue_of IS NOT NULL")
UNCHARGED = _words("held IS NOT NULL AND charged_nanos IS NULL")


def _partial_index(name: str, where: ColumnElement[bool], *columns: ColumnElement[Any]) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


# The claim: a lane's jobs of a model in their order; the last two columns are looked at in the index.
_partial_index(
    "ix_job_turn",
    QUEUED,
    job.c.pool,
    job.c.tenant,
    job.c.model_sha256,
    job.c.priority.desc(),
    job.c.created_at,
    job.c.id,
    job.c.due_at,
    job.c.deadline_at,
)
# The oldest due job of a pool. The pool comes last, or planners would take this one for the claim.
_partial_index("ix_job_due", QUEUED, job.c.due_at, job.c.pool)
_partial_index("ix_job_lease", RUNNING, job.c.lease_until)
_partial_index("ix_job_deadline", OPEN, job.c.deadline_at)
_partial_index("ix_job_list", KEPT, job.c.tenant, job.c.created_at, job.c.id)
_partial_index("ix_job_expiry", EXPIRING, job.c.expires_at)
# Nothing reads it any more; older releases do, until a contracting migration takes it away.
_partial_index("ix_job_erased", ERASED, job.c.erased_at)
# Tombstones by when they may go.
_partial_index("ix_job_forget", ERASED, job.c.due_at)
_partial_index("ix_job_prompt", PROMPT_EXPIRING, job.c.prompt_expires_at)
# How fast a pool works: what ended of late.
_partial_index("ix_job_ended", ENDED, job.c.pool, job.c.finished_at, job.c.tenant)
# A batch's jobs by state: its counts are read from the index alone.
_partial_index("ix_job_batch", IN_BATCH, job.c.batch, job.c.state, job.c.batch_row)
_partial_index("ix_job_dead", DEAD_LETTER, job.c.finished_at)
_partial_index("ix_job_requeue", REQUEUED, job.c.requeue_of)
# Jobs with something held, until they are charged.
_partial_index("ix_job_uncharged", UNCHARGED, job.c.finished_at)


class OutputColumns(TypedColumns):
    job_id: Named[str] = Column(String(64), ForeignKey("job.id"), primary_key=True)
    n: Named[int] = Column(Integer, primary_key=True)
    media_type: Named[str] = Column(String(128))
    size: Named[int] = Column(BigInteger)
    sha256: Named[str] = Column(String(64))
    finish_reason: Named[str] = Column(String(64))
    text: Named[str | None] = Column(Utf8)
    artifact: Named[str | None] = Column(String(255))
    width: Named[int | None] = Column(Integer)
    height: Named[int | None] = Column(Integer)
    label: Named[str | None] = Column(String(64))
    logprobs: Named[list[list[Any]] | None] = Column(JSON(none_as_null=True))
    review: Named[dict[str, Any] | None] = Column(JSON(none_as_null=True))


output = Table(
    "output", metadata, OutputColumns, CheckConstraint("(text IS NULL) <> (artifact IS NULL)", name="content")
)


class IdempotencyKeyColumns(TypedColumns):
    tenant: Named[str] = Column(String(64), primary_key=True)
    key: Named[str] = Column(String(255), primary_key=True)
    body_mac: Named[str] = Column(String(64))
    job_id: Named[str] = Column(String(64), ForeignKey("job.id"))
    expires_at: Named[int] = Column(BigInteger)


idempotency_key = Table(
    "idempotency_key", metadata, IdempotencyKeyColumns, Index(None, "expires_at"), Index(None, "job_id")
)


class LaneColumns(TypedColumns):
    pool: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64), primary_key=True)
    virtual_time: Named[float] = Column(Double)
    weight: Named[float] = Column(Double)
    active: Named[bool]


lane = Table("lane", metadata, LaneColumns, CheckConstraint("weight > 0", name="weight"))


class WorkerColumns(TypedColumns):
    id: Named[str] = Column(String(128), primary_key=True)
    pool: Named[str] = Column(String(64))
    host: Named[str] = Column(String(255))
    pid: Named[int] = Column(Integer)
    slots: Named[int] = Column(Integer)
    free: Named[int] = Column(Integer)
    models: Named[list[dict[str, str]]] = Column(JSON)
    draining: Named[bool]
    seen_at: Named[int] = Column(BigInteger)
    # why it claims nothing, in a sentence; NULL: nothing is wrong
    trouble: Named[str | None] = Column(String(255))


worker = Table("worker", metadata, WorkerColumns, Index(None, "pool", "seen_at"))


class ErasureColumns(TypedColumns):
    id: Named[int] = Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    job_id: Named[str] = Column(String(64), ForeignKey("job.id"))
    tenant: Named[str] = Column(String(64))
    due_at: Named[int] = Column(BigInteger)
    # Nobody writes for the job any more; NULL: somebody may.
    settled: Named[bool | None] = Column(Boolean)


erasure = Table(
    "erasure",
    metadata,
    ErasureColumns,
    Index(None, "due_at"),
    Index(None, "job_id"),
    # An id is never used again, so that marking one as done twice cannot hit another's.
    sqlite_autoincrement=True,
)


class CompatibilityColumns(TypedColumns):
    oldest: Named[str] = Column(String(32), primary_key=True)


compatibility = Table("compatibility", metadata, CompatibilityColumns)
