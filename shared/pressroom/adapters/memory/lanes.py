"""The lanes of the memory store: one turn of a worker over jobs that lie in a dictionary."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from pressroom.adapters.memory.rows import Row
from pressroom.domain.fairness import Lane, check_weight, rejoined
from pressroom.domain.serving import Candidate, take_turn
from pressroom.jobs.ports import LiveModel


class Lanes:
    """Virtual times by pool and tenant. The caller holds the store's lock."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str], Lane] = {}

    def open(self, pool: str, tenant: str) -> None:
        """Make the lane when it is new."""
        self._lanes.setdefault((pool, tenant), Lane(tenant, 0.0))

    def pools(self) -> set[str]:
        return {pool for pool, _ in self._lanes}

    def weigh(self, pool: str, tenant: str, weight: float) -> None:
        """Give the lane its weight; it is made when it is new."""
        check_weight(weight)
        self.open(pool, tenant)
        self._lanes[pool, tenant] = replace(self._lanes[pool, tenant], weight=weight)

    def share(self, pool: str, tenant: str) -> float:
        """The part of the pool that is the lane's by weight, among those that have work."""
        own = self._lanes[pool, tenant].weight if (pool, tenant) in self._lanes else 1.0
        others = sum(
            lane.weight
            for (of, _), lane in self._lanes.items()
            if of == pool and lane.active and lane.tenant != tenant
        )
        return own / (own + others)

    def settle(self, pool: str, tenant: str, cost: float) -> None:
        """Add the difference between what a job cost and what its lane was charged."""
        lane = self._lanes[pool, tenant]
        self._lanes[pool, tenant] = Lane(
            tenant, lane.virtual_time + cost / lane.weight, lane.weight, lane.active
        )

    def turn(
        self,
        rows: Iterable[Row],
        *,
        pool: str,
        models: Sequence[LiveModel],
        limit: int,
        idle: bool,
        now: int,
        places: Mapping[str, int],
    ) -> list[str]:
        """Ids of the jobs that a worker gets, in order; their lanes are charged."""
        due = [row for row in rows if row.job.pool == pool and row.due(now)]
        runs = {(model.name, model.sha256) for model in models}
        mine = [row for row in due if (row.job.model.name, row.job.model.sha256) in runs]
        if not mine:
            return []
        here = [lane for (of, _), lane in self._lanes.items() if of == pool]
        resting_time = max((lane.virtual_time for lane in here), default=0.0)
        lanes = rejoined(here, frozenset(row.job.tenant for row in due), resting_time)
        tenants = {row.job.tenant for row in mine}
        turn = take_turn(
            (lane for lane in lanes if lane.tenant in tenants),
            _queue_of(mine, now),
            limit=limit,
            idle=idle,
            places=places,
        )
        self._store(pool, {lane.tenant: lane for lane in lanes})
        self._store(pool, turn.lanes)
        return turn.job_ids

    def _store(self, pool: str, lanes: Mapping[str, Lane]) -> None:
        self._lanes.update({(pool, tenant): lane for tenant, lane in lanes.items()})


def _queue_of(rows: Sequence[Row], now: int) -> Callable[[str], Iterable[Candidate]]:
    def queue_of(tenant: str) -> Iterable[Candidate]:
        in_order = sorted((row for row in rows if row.job.tenant == tenant), key=lambda row: row.order)
        return [row.candidate(now) for row in in_order]

    return queue_of
