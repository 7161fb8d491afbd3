"""What people think of a job's outputs. Expands only: older code does not look at it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PHASE = "expand"
OLDEST = "0001"

_TEXT_64 = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", _TEXT_64, nullable=False),
        sa.Column("tenant", _TEXT_64, nullable=False),
        sa.Column("job_id", _TEXT_64, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("model_name", _TEXT_64, nullable=False),
        sa.Column("model_version", _TEXT_64, nullable=False),
        sa.Column("model_sha256", _TEXT_64, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("output", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.Column("edited", sa.LargeBinary(), nullable=True),
        sa.Column("comment", sa.LargeBinary(), nullable=True),
        # Older code forgets a job without knowing of what hangs on it.
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_feedback_job_id_job", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
    )
    op.create_index("ix_feedback_job_id_created_at", "feedback", ["job_id", "created_at"])
    op.create_index("ix_feedback_tenant_created_at_id", "feedback", ["tenant", "created_at", "id"])


def downgrade() -> None:
    op.drop_table("feedback")
