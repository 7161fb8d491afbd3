"""The bounds of the memory store's queue. The caller holds the store's lock."""

from collections.abc import Collection, Iterable

from pressroom.adapters.memory.lanes import Lanes
from pressroom.adapters.memory.rows import Row
from pressroom.adapters.memory.workers import Workers
from pressroom.adapters.refusals import queue_full
from pressroom.domain.job import NewJob
from pressroom.domain.pace import LONGEST_MS, Bound, Drain
from pressroom.domain.states import State
from pressroom.jobs.ports import QueueLimits


def check_room(
    new: NewJob, limits: QueueLimits, rows: Collection[Row], lanes: Lanes, workers: Workers, now: int
) -> None:
    """Raises QueueFull unless there is room for one more."""
    for bound, pool, tenant, limit in (
        (Bound.LANE, new.pool, new.tenant, limits.lane),
        (Bound.POOL, new.pool, None, limits.pool),
        (Bound.ALL, None, None, limits.total),
    ):
        if len(rows) < limit:
            continue
        here = [row for row in rows if pool in (None, row.job.pool)]
        mine = [row for row in here if tenant in (None, row.job.tenant)]
        over = sum(row.job.state is State.QUEUED for row in mine) - limit + 1
        if over <= 0:
            continue
        drain = Drain(now, over, _ends(mine, now), workers.claiming(pool))
        if tenant is not None:
            share = lanes.share(new.pool, tenant)
            drain = Drain(now, over, drain.ends, drain.workers, _ends(here, now), share)
        raise queue_full(bound, limit, drain)


def _ends(rows: Iterable[Row], now: int) -> list[int]:
    """When they ended, the newest first."""
    ended = (row.job.finished_at for row in rows if row.job.finished_at is not None)
    return sorted((at for at in ended if at > now - LONGEST_MS), reverse=True)
