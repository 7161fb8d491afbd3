"""What the promises need: retention by policy, batches, webhooks, uploads, keys that are scoped and rotated.

Expands only: code of 0001 works on it. Its indexes on the table of jobs follow in 0003.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PHASE = "expand"
OLDEST = "0001"

_TEXT_64 = sa.String(64)
_PARTIAL: list[tuple[str, str, list[str], str]] = [
    ("ix_webhook_delivery_due", "webhook_delivery", ["route", "due_at"], "state = 'pending'"),
    ("ix_batch_unfinished", "batch", ["created_at"], "finished_at IS NULL"),
    ("ix_batch_row_waiting", "batch_row", ["batch_id", "n"], "request IS NOT NULL"),
]
_TABLES = ("webhook_attempt", "webhook_delivery", "webhook_endpoint", "batch_row", "batch", "upload")


def _added() -> dict[str, list[sa.Column[Any]]]:
    """Columns for tables that are there, all of them without a value in old rows."""
    return {
        "tenant": [
            sa.Column("result_ttl_s", sa.Integer(), nullable=True),
            sa.Column("prompt_ttl_s", sa.Integer(), nullable=True),
            sa.Column("events_ttl_s", sa.Integer(), nullable=True),
            sa.Column("idempotency_ttl_s", sa.Integer(), nullable=True),
            sa.Column("webhook_secrets", sa.JSON(), nullable=True),
        ],
        "api_key": [
            sa.Column("scopes", sa.JSON(), nullable=True),
            sa.Column("expires_at", sa.BigInteger(), nullable=True),
            sa.Column("replaces", _TEXT_64, nullable=True),
        ],
        "job": [
            sa.Column("prompt_ttl_s", sa.Integer(), nullable=True),
            sa.Column("events_ttl_s", sa.Integer(), nullable=True),
            sa.Column("webhook", sa.JSON(), nullable=True),
            sa.Column("batch", _TEXT_64, nullable=True),
            sa.Column("batch_row", sa.Integer(), nullable=True),
            sa.Column("requeue_of", _TEXT_64, nullable=True),
            sa.Column("prompt_expires_at", sa.BigInteger(), nullable=True),
            sa.Column("prompt_erased_at", sa.BigInteger(), nullable=True),
            sa.Column("cancel_requested_at", sa.BigInteger(), nullable=True),
        ],
        "output": [sa.Column("logprobs", sa.JSON(), nullable=True)],
        "erasure": [sa.Column("settled", sa.Boolean(), nullable=True)],
        "worker": [sa.Column("trouble", sa.String(255), nullable=True)],
    }


def _big_id() -> sa.Column[int]:
    return sa.Column(
        "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True
    )


def upgrade() -> None:
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    _webhooks()
    _batches()
    _uploads()
    op.create_table(
        "compatibility",
        sa.Column("oldest", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("oldest", name="pk_compatibility"),
    )
    for name, table, names, where in _PARTIAL:
        op.create_index(
            name, table, names, sqlite_where=sa.text(where), postgresql_where=sa.text(where), unique=False
        )


def downgrade() -> None:
    for name, table, _, _ in reversed(_PARTIAL):
        op.drop_index(name, table)
    op.drop_table("compatibility")
    for table in _TABLES:
        op.drop_table(table)
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)


def _webhooks() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", _TEXT_64, nullable=False),
        sa.Column("tenant", _TEXT_64, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=True),
        sa.Column("secrets", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rests_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_webhook_endpoint_tenant_tenant"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoint"),
    )
    op.create_index("ix_webhook_endpoint_tenant", "webhook_endpoint", ["tenant"])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", _TEXT_64, nullable=False),
        sa.Column("tenant", _TEXT_64, nullable=False),
        sa.Column("endpoint_id", _TEXT_64, nullable=True),
        sa.Column("route", sa.String(80), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("job_id", _TEXT_64, nullable=True),
        sa.Column("event", _TEXT_64, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("waits_since", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name="fk_webhook_delivery_endpoint_id_webhook_endpoint"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_delivery"),
    )
    op.create_index(
        "ix_webhook_delivery_tenant_created_at_id", "webhook_delivery", ["tenant", "created_at", "id"]
    )
    op.create_index(
        "ix_webhook_delivery_endpoint_id_created_at", "webhook_delivery", ["endpoint_id", "created_at"]
    )
    op.create_index("ix_webhook_delivery_job_id", "webhook_delivery", ["job_id"])
    op.create_index("ix_webhook_delivery_finished_at", "webhook_delivery", ["finished_at"])
    op.create_table(
        "webhook_attempt",
        _big_id(),
        sa.Column("delivery_id", _TEXT_64, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["webhook_delivery.id"], name="fk_webhook_attempt_delivery_id_webhook_delivery"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_attempt"),
    )
    op.create_index("ix_webhook_attempt_delivery_id", "webhook_attempt", ["delivery_id"])


def _batches() -> None:
    op.create_table(
        "batch",
        sa.Column("id", _TEXT_64, nullable=False),
        sa.Column("tenant", _TEXT_64, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("defaults", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("released", sa.Integer(), nullable=False),
        sa.Column("result_ttl_s", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=True),
        sa.Column("canceled_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("idempotency_key", sa.String(255), nullable=True),
        sa.Column("body_mac", _TEXT_64, nullable=True),
        sa.Column("request_id", sa.String(128), nullable=True),
        sa.CheckConstraint(
            "state IN ('receiving', 'running', 'finished', 'canceled')", name=op.f("ck_batch_state")
        ),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_batch_tenant_tenant"),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
    )
    op.create_index("ix_batch_tenant_created_at_id", "batch", ["tenant", "created_at", "id"])
    op.create_index("uq_batch_idempotency_key", "batch", ["tenant", "idempotency_key"], unique=True)
    op.create_index("ix_batch_expires_at", "batch", ["expires_at"])
    op.create_table(
        "batch_row",
        sa.Column("batch_id", _TEXT_64, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("custom_id", sa.String(255), nullable=True),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("job_id", _TEXT_64, nullable=True),
        sa.Column("error_code", _TEXT_64, nullable=True),
        sa.Column("error_message", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_batch_row_batch_id_batch"),
        sa.PrimaryKeyConstraint("batch_id", "n", name="pk_batch_row"),
    )
    op.create_index("uq_batch_row_custom_id", "batch_row", ["batch_id", "custom_id"], unique=True)


def _uploads() -> None:
    op.create_table(
        "upload",
        sa.Column("id", _TEXT_64, nullable=False),
        sa.Column("tenant", _TEXT_64, nullable=False),
        sa.Column("media_type", sa.String(128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", _TEXT_64, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("artifact", sa.String(255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_upload_tenant_tenant"),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
    )
    op.create_index("ix_upload_tenant_created_at", "upload", ["tenant", "created_at"])
    op.create_index("ix_upload_expires_at", "upload", ["expires_at"])
