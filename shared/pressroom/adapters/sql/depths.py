"""``SqlDepthStore``: the depths of all lanes from the indexes of queued and running jobs."""

from sqlalchemy import Connection, func, select

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.tables import QUEUED, RUNNING, job
from pressroom.jobs.depths import Depths, LaneDepth

_LANES = (
    select(
        job.c.pool,
        job.c.tenant,
        func.count().label("queued"),
        func.min(job.c.due_at).label("oldest_due_at"),
    )
    .where(QUEUED)
    .group_by(job.c.pool, job.c.tenant)
    .order_by(job.c.pool, job.c.tenant)
)
_RUNNING = select(job.c.pool, func.count().label("running")).where(RUNNING).group_by(job.c.pool)


class SqlDepthStore:
    """The port ``DepthStore`` over a database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def depths(self) -> Depths:
        def look(connection: Connection) -> Depths:
            now = self._database.now(connection).wall
            lanes = connection.execute(_LANES).all()
            running = connection.execute(_RUNNING).all()
            return Depths(
                now,
                tuple(LaneDepth(row.pool, row.tenant, row.queued, row.oldest_due_at) for row in lanes),
                {row.pool: row.running for row in running},
            )

        return self._database.read(look)
