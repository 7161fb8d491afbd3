"""One worker's turn: which queued jobs it gets, lane by lane in fair order.

The stores bring the lanes and each lane's jobs in their own order; this is the whole of the choice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pressroom.domain.fairness import Lane, charged, furthest_behind

# A job that must run alone waits this long for a worker that happens to be idle; after that, a
# worker that meets it at the head of the fair order takes nothing more until it is idle.
ALONE_PATIENCE_MS = 5_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A due job of a lane. ``waited_ms`` counts from when it became due."""

    job_id: str
    cost: float
    alone: bool = False
    waited_ms: int = 0
    api_key: str | None = None


@dataclass(slots=True)
class Turn:
    """The jobs to claim, in order, and the lanes that were charged for them."""

    job_ids: list[str] = field(default_factory=list)
    lanes: dict[str, Lane] = field(default_factory=dict)
    alone: bool = False


def take_turn(
    lanes: Iterable[Lane],
    queue_of: Callable[[str], Iterable[Candidate]],
    *,
    limit: int,
    idle: bool,
    places: Mapping[str, int] | None = None,
) -> Turn:
    """Serve the lane furthest behind, charge it, and again, up to ``limit`` jobs.

    ``queue_of`` gives a tenant's candidates by priority and age; it is asked once a tenant, and
    only when the tenant's turn comes. A job that must run alone is taken only as the one job of
    an idle worker; when its patience is over, the turn ends at it, so that the worker runs empty.
    ``places``: how many more jobs may run of the keys whose concurrency is bounded; the others of
    these keys are passed over.
    """
    turn = Turn()
    left = dict(places or {})
    waiting = {lane.tenant: lane for lane in lanes}
    queues: dict[str, Iterator[Candidate]] = {}
    while len(turn.job_ids) < limit and (lane := furthest_behind(waiting.values())) is not None:
        if lane.tenant not in queues:
            queues[lane.tenant] = iter(queue_of(lane.tenant))
        candidate = next(queues[lane.tenant], None)
        if candidate is None:
            del waiting[lane.tenant]
            continue
        key = candidate.api_key
        if key in left and left[key] <= 0:
            continue
        if candidate.alone and not (idle and not turn.job_ids):
            if candidate.waited_ms >= ALONE_PATIENCE_MS:
                break
            continue
        turn.job_ids.append(candidate.job_id)
        if key in left:
            left[key] -= 1
        turn.lanes[lane.tenant] = waiting[lane.tenant] = charged(lane, candidate.cost)
        if candidate.alone:
            turn.alone = True
            break
    return turn
