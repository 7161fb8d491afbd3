"""Long queues, made at once."""

from tests.support.jobs import new_job

from pressroom.adapters.sql.holds import Holding
from pressroom.adapters.sql.store import SqlJobStore
from pressroom.adapters.sql.submitting import insert_jobs
from pressroom.jobs.ports import JobStore, QueueLimits

_MANY = QueueLimits(10**6, 10**6, 10**6)


def fill(store: JobStore, tenant: str, number: int) -> list[str]:
    """Queue many equal jobs, as so many submits at one moment would; their ids in the order of serving."""
    news = [new_job(tenant, priority=n % 10) for n in range(number)]
    if isinstance(store, SqlJobStore):
        database = store._database
        free = [(new, Holding()) for new in news]
        database.write(lambda connection: insert_jobs(connection, free, database.now(connection).wall))
    else:
        for new in news:
            store.submit(new, None, _MANY)
    return [new.id for new in sorted(news, key=lambda new: (-new.priority, new.id))]
