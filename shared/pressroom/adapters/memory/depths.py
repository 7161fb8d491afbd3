"""``MemoryDepthStore``: the port ``DepthStore`` over the jobs of a ``MemoryJobStore``."""

from collections import Counter
from collections.abc import Callable

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.domain.states import State
from pressroom.domain.times import wall_ms
from pressroom.jobs.depths import Depths, LaneDepth


class MemoryDepthStore:
    """Thread-safe."""

    def __init__(self, jobs: MemoryJobStore, clock: Callable[[], int] = wall_ms) -> None:
        self._jobs = jobs
        self._clock = clock

    def depths(self) -> Depths:
        with self._jobs.locked() as rows:
            jobs = [row.job for row in rows.values()]
        lanes: dict[tuple[str, str], list[int]] = {}
        for job in jobs:
            if job.state is State.QUEUED:
                lanes.setdefault((job.pool, job.tenant), []).append(job.due_at)
        return Depths(
            self._clock(),
            tuple(LaneDepth(*lane, len(due), min(due)) for lane, due in sorted(lanes.items())),
            Counter(job.pool for job in jobs if job.state is State.RUNNING),
        )
