"""What things cost: prices, budgets, bounds of keys, and the usage by day; forms of webhooks, and outputs that are
put where a job says. Expands only.

A job that older code accepts has no meter, so that it costs nothing and is bound by nothing; one that older
code ends leaves no charge: the relay finds it by ``ix_job_uncharged``, which only holds jobs that something is
held for.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PHASE = "expand"
OLDEST = "0001"

_TEXT_64 = sa.String(64)
_TABLES = ("usage", "charge", "key_day", "budget", "price")


def _added() -> dict[str, list[sa.Column[Any]]]:
    """Columns for tables that are there, all of them without a value in old rows."""
    return {
        "api_key": [
            sa.Column("models", sa.JSON(), nullable=True),
            sa.Column("requests_minute", sa.Integer(), nullable=True),
            sa.Column("tokens_day", sa.BigInteger(), nullable=True),
            sa.Column("concurrency", sa.Integer(), nullable=True),
            sa.Column("priority", sa.Integer(), nullable=True),
        ],
        "job": [
            sa.Column("api_key", _TEXT_64, nullable=True),
            sa.Column("meter", sa.JSON(), nullable=True),
            sa.Column("held", sa.Boolean(), nullable=True),
            sa.Column("budget", _TEXT_64, nullable=True),
            sa.Column("charged_nanos", sa.BigInteger(), nullable=True),
        ],
        "webhook_endpoint": [sa.Column("form", sa.String(16), nullable=True)],
        "webhook_delivery": [sa.Column("output", sa.Integer(), nullable=True)],
    }


def upgrade() -> None:
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    uncharged = sa.text("held IS NOT NULL AND charged_nanos IS NULL")
    op.create_index(
        "ix_job_uncharged", "job", ["finished_at"], sqlite_where=uncharged, postgresql_where=uncharged
    )
    op.create_table(
        "price",
        sa.Column("model", _TEXT_64, nullable=False),
        *_counts("token_in_nanos", "token_out_nanos", "picture_nanos"),
        sa.PrimaryKeyConstraint("model", name="pk_price"),
    )
    op.create_table(
        "budget",
        sa.Column("id", _TEXT_64, nullable=False),
        sa.Column("tenant", _TEXT_64, nullable=False),
        sa.Column("campaign", _TEXT_64, nullable=False),
        *_counts("created_at"),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("nanos", sa.BigInteger(), nullable=True),
        *_counts("held_tokens", "held_nanos", "spent_tokens", "spent_nanos"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_budget_tenant_tenant"),
        sa.PrimaryKeyConstraint("id", name="pk_budget"),
    )
    op.create_index("uq_budget_tenant_campaign", "budget", ["tenant", "campaign"], unique=True)
    op.create_table(
        "key_day",
        sa.Column("api_key", _TEXT_64, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        *_counts("held_tokens", "spent_tokens"),
        sa.PrimaryKeyConstraint("api_key", "day", name="pk_key_day"),
    )
    _charge()
    op.create_table(
        "usage",
        sa.Column("day", sa.String(10), nullable=False),
        *(sa.Column(name, _TEXT_64, nullable=False) for name in ("tenant", "api_key", "model", "campaign")),
        *_counts("jobs", "succeeded", "tokens_in", "tokens_out", "pictures", "engine_ms", "nanos"),
        sa.PrimaryKeyConstraint("day", "tenant", "api_key", "model", "campaign", name="pk_usage"),
    )
    op.create_index("ix_usage_tenant_day", "usage", ["tenant", "day"])


def downgrade() -> None:
    op.drop_index("ix_job_uncharged", "job")
    for table in _TABLES:
        op.drop_table(table)
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)


def _charge() -> None:
    op.create_table(
        "charge",
        sa.Column("job_id", _TEXT_64, nullable=False),
        sa.Column("tenant", _TEXT_64, nullable=False),
        *_counts("accepted_at", "ended_at"),
        sa.Column("model", _TEXT_64, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        *_counts("tokens_in", "tokens_out"),
        sa.Column("pictures", sa.Integer(), nullable=False),
        *_counts("engine_ms", "tokens", "nanos", "held_tokens", "held_nanos"),
        sa.Column("api_key", _TEXT_64, nullable=True),
        sa.Column("campaign", _TEXT_64, nullable=True),
        sa.Column("budget", _TEXT_64, nullable=True),
        sa.Column("on_day", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_charge"),
    )


def _counts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]
