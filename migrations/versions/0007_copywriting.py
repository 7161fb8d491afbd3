"""Templates and voices by version, what is known of a text that was written by one, and what was decided about it. Expands only: older code leaves
``output.review`` empty, and cannot read jobs that have a template: their params say what is to be written all the same."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PHASE = "expand"
OLDEST = "0001"


def upgrade() -> None:
    op.add_column("output", sa.Column("review", sa.JSON(), nullable=True))
    op.add_column("feedback", sa.Column("decision", sa.String(16), nullable=True))
    op.create_table(
        "copy_version",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_copy_version_tenant_tenant"),
        sa.PrimaryKeyConstraint("tenant", "kind", "name", "version", name="pk_copy_version"),
    )


def downgrade() -> None:
    op.drop_table("copy_version")
    op.drop_column("feedback", "decision")
    op.drop_column("output", "review")
