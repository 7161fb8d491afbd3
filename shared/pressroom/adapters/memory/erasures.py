"""The erasures of the memory store: what still has to be removed elsewhere, and when."""

from collections.abc import Sequence

from pressroom.adapters.memory.rows import Due
from pressroom.jobs.ports import Erasure


class Erasures:
    """Erasures to do, by number. The caller holds the store's lock. Times are milliseconds."""

    def __init__(self) -> None:
        self._due: dict[int, Due] = {}
        self._made = 0

    def add(self, job_id: str, tenant: str, due_at: int, *, settled: bool = False) -> None:
        self._made += 1
        self._due[self._made] = Due(Erasure(self._made, job_id, tenant, settled), due_at)

    def due(self, now: int, limit: int) -> tuple[Erasure, ...]:
        """The longest due first."""
        due = [item for item in self._due.values() if item.due_at <= now]
        due.sort(key=lambda item: (item.due_at, item.erasure.id))
        return tuple(item.erasure for item in due[:limit])

    def done(self, erasures: Sequence[Erasure]) -> None:
        for erasure in erasures:
            self._due.pop(erasure.id, None)

    def put_off(self, erasures: Sequence[Erasure], until: int) -> None:
        for erasure in erasures:
            if erasure.id in self._due:
                self._due[erasure.id] = Due(erasure, until)

    def jobs(self) -> set[str]:
        """The jobs that have any."""
        return {item.erasure.job_id for item in self._due.values()}
