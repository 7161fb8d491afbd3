"""``SqlFeedbackStore``: the port ``FeedbackStore`` over a database."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, insert, select, tuple_

from pressroom.adapters.cursors import pack_cursor, unpack_cursor
from pressroom.adapters.refusals import job_erased, job_unknown
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.feedback_tables import feedback as table
from pressroom.adapters.sql.rows import JobRow
from pressroom.adapters.sql.tables import KEPT, job
from pressroom.jobs.feedback import Feedback, FeedbackPage, too_much


class SqlFeedbackStore:
    """Rows of feedback. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, feedback: Feedback, most: int) -> None:
        def store(connection: Connection) -> None:
            # Whoever erases the job waits here, or is waited for: no row is left behind.
            row = connection.execute(
                select(job.c.erased_at)
                .where(job.c.id == feedback.job_id, job.c.tenant == feedback.tenant)
                .with_for_update()
            ).one_or_none()
            if row is None:
                raise job_unknown()
            if row.erased_at is not None:
                raise job_erased()
            of_it = select(func.count()).select_from(table).where(table.c.job_id == feedback.job_id)
            if (connection.scalar(of_it) or 0) >= most:
                raise too_much(most)
            connection.execute(
                insert(table).values({name: getattr(feedback, name) for name in Feedback.__slots__})
            )

        self._database.write(store)

    def of_job(self, tenant: str, job_id: str) -> tuple[Feedback, ...]:
        wanted = (
            select(table)
            .join(job, job.c.id == table.c.job_id)
            .where(table.c.tenant == tenant, table.c.job_id == job_id, KEPT)
            .order_by(table.c.created_at, table.c.id)
        )
        rows = self._database.read(lambda connection: connection.execute(wanted).all())
        return tuple(map(_feedback, rows))

    def decisions(self, tenant: str, job_ids: Sequence[str]) -> Mapping[str, Feedback]:
        wanted = (
            select(table)
            .join(job, job.c.id == table.c.job_id)
            .where(table.c.tenant == tenant, table.c.job_id.in_(job_ids), table.c.decision.is_not(None), KEPT)
            .order_by(table.c.created_at, table.c.id)
        )
        if not job_ids:
            return {}
        rows = self._database.read(lambda connection: connection.execute(wanted).all())
        return {row.job_id: _feedback(row) for row in rows}

    def page(self, tenant: str, *, cursor: str | None, limit: int) -> FeedbackPage:
        wanted = (
            select(table)
            .join(job, job.c.id == table.c.job_id)
            .where(table.c.tenant == tenant, KEPT)
            .order_by(table.c.created_at.desc(), table.c.id.desc())
            .limit(limit + 1)
        )
        if cursor is not None:
            wanted = wanted.where(tuple_(table.c.created_at, table.c.id) < tuple_(*unpack_cursor(cursor)))
        rows = self._database.read(lambda connection: connection.execute(wanted).all())
        items = tuple(map(_feedback, rows[:limit]))
        more = len(rows) > limit
        return FeedbackPage(items, pack_cursor(items[-1].created_at, items[-1].id) if more else None)


def _feedback(row: JobRow) -> Feedback:
    return Feedback(**{name: getattr(row, name) for name in Feedback.__slots__})
