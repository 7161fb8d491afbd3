"""``SqlPieceStore``: what a pool does and has done of late, for estimates. Bounded work, whatever the queue's length."""

from typing import Any

from sqlalchemy import Connection, func, select

from pressroom.adapters.sql.database import Database
from pressroom.adapters.sql.queue_index import in_order, queued
from pressroom.adapters.sql.tables import ENDED, RUNNING, job, worker
from pressroom.domain.estimate import Lately, Piece
from pressroom.domain.states import State

# Ended jobs that are read, none longer ago than an hour; and queued ones, which are all that stand before most.
_ENDED = 300
_LONGEST_MS = 3_600_000
_QUEUED = 1_000

_COLUMNS = (
    job.c.tenant,
    job.c.model_name,
    job.c.priority,
    job.c.cost,
    job.c.created_at,
    job.c.claimed_at,
    job.c.finished_at,
    job.c.state,
    job.c.engine_ms,
    job.c.tokens_out,
)


class SqlPieceStore:
    """Implements ``PieceStore``. Thread-safe."""

    def __init__(self, database: Database, worker_seen_ms: int = 15_000) -> None:
        self._database = database
        self._worker_seen_ms = worker_seen_ms

    def lately(self, pool: str) -> Lately:
        def look(connection: Connection) -> Lately:
            now = self._database.now(connection).wall
            ended = (
                select(*_COLUMNS)
                .where(ENDED, job.c.pool == pool, job.c.finished_at > now - _LONGEST_MS)
                .order_by(job.c.finished_at.desc())
                .limit(_ENDED)
            )
            waiting = in_order(queued(*_COLUMNS).where(job.c.pool == pool)).limit(_QUEUED)
            running = select(*_COLUMNS).where(RUNNING, job.c.pool == pool)
            places = select(func.sum(worker.c.slots)).where(
                worker.c.pool == pool, worker.c.seen_at >= now - self._worker_seen_ms, ~worker.c.draining
            )
            found = [
                _piece(row) for wanted in (ended, waiting, running) for row in connection.execute(wanted)
            ]
            return Lately(now, int(connection.scalar(places) or 0), tuple(found))

        return self._database.read(look)


def _piece(row: Any) -> Piece:
    return Piece(
        tenant=row.tenant,
        model=row.model_name,
        priority=row.priority,
        cost=row.cost,
        created_at=row.created_at,
        claimed_at=row.claimed_at,
        finished_at=row.finished_at,
        succeeded=row.state == State.SUCCEEDED.value,
        engine_ms=row.engine_ms,
        tokens_out=row.tokens_out,
    )
