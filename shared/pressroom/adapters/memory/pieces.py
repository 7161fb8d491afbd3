"""``MemoryPieceStore``: the port ``PieceStore`` over the jobs of a ``MemoryJobStore``."""

from collections.abc import Callable

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.domain.estimate import Lately, Piece
from pressroom.domain.states import State
from pressroom.domain.times import wall_ms


class MemoryPieceStore:
    """Thread-safe. ``clock`` gives milliseconds since the epoch."""

    def __init__(self, jobs: MemoryJobStore, clock: Callable[[], int] = wall_ms) -> None:
        self._jobs = jobs
        self._clock = clock

    def lately(self, pool: str) -> Lately:
        places = sum(
            card.slots for card in self._jobs.live_workers() if card.pool == pool and not card.draining
        )
        with self._jobs.locked() as rows:
            pieces = tuple(
                Piece(
                    tenant=row.job.tenant,
                    model=row.job.model.name,
                    priority=row.job.priority,
                    cost=row.cost,
                    created_at=row.job.created_at,
                    claimed_at=row.job.claimed_at,
                    finished_at=row.job.finished_at,
                    succeeded=row.job.state is State.SUCCEEDED,
                    engine_ms=row.job.usage.engine_ms,
                    tokens_out=row.job.usage.tokens_out,
                )
                for row in rows.values()
                if row.job.pool == pool
            )
        return Lately(self._clock(), places, pieces)
