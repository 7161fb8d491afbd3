"""Requeues and dead letters in SQL."""

from dataclasses import replace

from sqlalchemy import Connection, select

from pressroom.adapters.refusals import job_erased, job_unknown, not_requeueable, prompt_erased
from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.holds import booked_first
from pressroom.adapters.sql.reading import is_past_now, storable
from pressroom.adapters.sql.rows import JobRow, select_jobs, to_job, with_outputs
from pressroom.adapters.sql.submitting import Admission, insert_job
from pressroom.adapters.sql.tables import DEAD_LETTER, KEPT, REQUEUED, job
from pressroom.domain.states import REQUEUEABLE, State
from pressroom.jobs.ports import QueueLimits, Submitted
from pressroom.jobs.requeue import DeadLetter


class SqlRequeueStore:
    """Implements ``RequeueStore``."""

    def __init__(self, database: Database, admission: Admission) -> None:
        self._database = database
        self._admission = admission

    def requeue(
        self, tenant: str, job_id: str, new_id: str, request_id: str | None, limits: QueueLimits
    ) -> Submitted:
        """See ``RequeueStore.requeue``."""
        if not storable(job_id):
            raise job_unknown()
        found = self._database.read(lambda connection: self._look(connection, tenant, job_id, lock=False))
        if isinstance(found, Submitted):
            return found
        self._admission.check(found.pool, tenant, limits)

        def move(connection: Connection) -> Submitted:
            looked = self._look(connection, tenant, job_id, lock=True)
            if isinstance(looked, Submitted):
                return looked
            again = replace(to_job(looked).again(new_id, request_id), webhook=looked.webhook)
            return Submitted(insert_job(self._database, connection, again), created=True)

        return booked_first(self._database, move)

    def dead_letters(self, tenant: str | None, limit: int) -> tuple[DeadLetter, ...]:
        """See ``RequeueStore.dead_letters``."""
        columns = job.c.id, job.c.tenant, job.c.model_name, job.c.finished_at, job.c.crashes
        wanted = select(*columns, job.c.error_message).where(DEAD_LETTER)
        if tenant is not None:
            wanted = wanted.where(job.c.tenant == tenant)
        latest = wanted.order_by(job.c.finished_at.desc(), job.c.id).limit(limit)

        def look(connection: Connection) -> tuple[DeadLetter, ...]:
            rows = connection.execute(latest).all()
            ids = [row.id for row in rows]
            made = select(job.c.requeue_of, job.c.id).where(REQUEUED, KEPT, job.c.requeue_of.in_(ids))
            requeued = {row.requeue_of: row.id for row in connection.execute(made)}
            return tuple(
                DeadLetter(
                    row.id,
                    row.tenant,
                    row.model_name,
                    row.finished_at,
                    row.crashes,
                    row.error_message or "",
                    requeued.get(row.id),
                )
                for row in rows
            )

        return self._database.read(look)

    def _look(self, connection: Connection, tenant: str, job_id: str, *, lock: bool) -> Submitted | JobRow:
        """The job that was made of it before, or the row of one of which none was."""
        facts = job.c.webhook, job.c.prompt_erased_at
        wanted = select_jobs().add_columns(*facts).where(job.c.id == job_id, job.c.tenant == tenant)
        row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
        if row is None:
            raise job_unknown()
        if row.erased_at is not None or is_past_now(self._database, connection, row):
            raise job_erased()
        made = select_jobs().where(REQUEUED, KEPT, job.c.requeue_of == job_id)
        before = connection.execute(made).first()
        if before is not None:
            return Submitted(with_outputs(connection, [before])[0], created=False)
        if State(row.state) not in REQUEUEABLE:
            raise not_requeueable(State(row.state))
        if row.prompt_erased_at is not None:
            raise prompt_erased()
        return row
