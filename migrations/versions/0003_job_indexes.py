"""Indexes of what 0002 added to the table of jobs: built beside the work, however many jobs there are.

Expands only. In a migration of its own, since an index that is built without a lock is built outside a
transaction: broken off half-way, it is run again.
"""

from alembic import op

from pressroom.adapters.sql.migrating import build_index, drop_index

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PHASE = "expand"
OLDEST = "0001"

_INDEXES: list[tuple[str, list[str], str]] = [
    ("ix_job_prompt", ["prompt_expires_at"], "prompt_expires_at IS NOT NULL"),
    ("ix_job_ended", ["pool", "finished_at", "tenant"], "finished_at IS NOT NULL"),
    ("ix_job_batch", ["batch", "state", "batch_row"], "batch IS NOT NULL"),
    ("ix_job_dead", ["finished_at"], "error_code = 'dead_letter'"),
    ("ix_job_forget", ["due_at"], "erased_at IS NOT NULL"),
    ("ix_job_requeue", ["requeue_of"], "requeue_of IS NOT NULL"),
]


def upgrade() -> None:
    for name, columns, where in _INDEXES:
        build_index(op, name, "job", columns, where=where)


def downgrade() -> None:
    for name, _, _ in reversed(_INDEXES):
        drop_index(op, name, "job")
