"""Tenants and keys, jobs and outputs, lanes, workers, erasures."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PHASE = "expand"
OLDEST = "0001"


def _partial_index(name: str, columns: list[str | sa.TextClause], where: str) -> None:
    op.create_index(
        name, "job", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where), unique=False
    )


def upgrade() -> None:
    op.create_table(
        "tenant",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenant"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_api_key_tenant_tenant"),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("pool", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("model_name", sa.String(64), nullable=False),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("input", sa.JSON(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=True),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("result_ttl_s", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("first_output_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("worker", sa.String(128), nullable=True),
        sa.Column("lease_clock", sa.String(64), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_ms", sa.Integer(), nullable=True),
        sa.Column("finish_reason", sa.String(64), nullable=True),
        sa.Column("error_code", sa.String(64), nullable=True),
        sa.Column("error_message", sa.LargeBinary(), nullable=True),
        sa.Column("tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("engine_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'canceled', 'expired')",
            name=op.f("ck_job_state"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    _partial_index(
        "ix_job_turn",
        [
            "pool",
            "tenant",
            "model_sha256",
            sa.text("priority DESC"),
            "created_at",
            "id",
            "due_at",
            "deadline_at",
        ],
        "state = 'queued'",
    )
    _partial_index("ix_job_due", ["due_at", "pool"], "state = 'queued'")
    _partial_index("ix_job_lease", ["lease_until"], "state = 'running'")
    _partial_index("ix_job_deadline", ["deadline_at"], "finished_at IS NULL")
    _partial_index("ix_job_list", ["tenant", "created_at", "id"], "erased_at IS NULL")
    _partial_index("ix_job_expiry", ["expires_at"], "expires_at IS NOT NULL")
    _partial_index("ix_job_erased", ["erased_at"], "erased_at IS NOT NULL")
    op.create_table(
        "output",
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("finish_reason", sa.String(64), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("artifact", sa.String(255), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("label", sa.String(64), nullable=True),
        sa.CheckConstraint("(text IS NULL) <> (artifact IS NULL)", name=op.f("ck_output_content")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_output_job_id_job"),
        sa.PrimaryKeyConstraint("job_id", "n", name="pk_output"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("body_mac", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_idempotency_key_job_id_job"),
        sa.PrimaryKeyConstraint("tenant", "key", name="pk_idempotency_key"),
    )
    op.create_index("ix_idempotency_key_expires_at", "idempotency_key", ["expires_at"])
    op.create_index("ix_idempotency_key_job_id", "idempotency_key", ["job_id"])
    op.create_table(
        "lane",
        sa.Column("pool", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("virtual_time", sa.Double(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("weight > 0", name=op.f("ck_lane_weight")),
        sa.PrimaryKeyConstraint("pool", "tenant", name="pk_lane"),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("pool", sa.String(64), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
    op.create_index("ix_worker_pool_seen_at", "worker", ["pool", "seen_at"])
    op.create_table(
        "erasure",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True
        ),
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_erasure_job_id_job"),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_erasure_due_at", "erasure", ["due_at"])
    op.create_index("ix_erasure_job_id", "erasure", ["job_id"])


def downgrade() -> None:
    for table in ("erasure", "worker", "lane", "idempotency_key", "output", "job", "api_key", "tenant"):
        op.drop_table(table)
