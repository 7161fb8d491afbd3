"""Word lists of tenants. Expands only: older code does not know the table."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PHASE = "expand"
OLDEST = "0001"


def upgrade() -> None:
    op.create_table(
        "word_list",
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("category", sa.String(80), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name="fk_word_list_tenant_tenant"),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_word_list"),
    )


def downgrade() -> None:
    op.drop_table("word_list")
