"""Who is served next: weighted virtual time, one clock a lane (a tenant's queue in a pool).

Serving a job moves its lane's virtual time forward by cost / weight; the lane that is furthest
behind goes first, so tenants share a pool by weight however long their queues are. A lane that
was empty starts no further back than the active ones: silence saves nothing up (start-time fair
queueing, Goyal, Vin and Cheng 1997, section 2).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """One tenant's queue in a pool. ``virtual_time`` is in cost units (estimated engine milliseconds)."""

    tenant: str
    virtual_time: float
    weight: float = 1.0
    active: bool = False


def check_weight(weight: float) -> None:
    """Raises ValueError for what is no weight."""
    if not 0 < weight < math.inf:
        raise ValueError(f"a lane's weight is a number above 0, not {weight}")


def activated(lane: Lane, active: Iterable[Lane]) -> Lane:
    """The lane as it joins those that have work: never behind the furthest-behind of them."""
    floor = min((other.virtual_time for other in active if other.active), default=lane.virtual_time)
    return Lane(lane.tenant, max(lane.virtual_time, floor), lane.weight, True)


def rejoined(lanes: Iterable[Lane], working: frozenset[str], resting_time: float) -> list[Lane]:
    """All lanes with ``active`` set anew: those in ``working`` (tenants with due jobs) are, the others not.

    ``resting_time`` is the largest virtual time of the pool. It stands in for the active lanes
    when there are none, so that after a pause of the whole pool a lane that was served little does
    not hold that against the others.
    """
    known = list(lanes)
    active = [lane for lane in known if lane.active and lane.tenant in working]
    floor = active or [Lane("", resting_time, active=True)]
    return [
        lane
        if lane.active == (lane.tenant in working)
        else activated(lane, floor)
        if lane.tenant in working
        else Lane(lane.tenant, lane.virtual_time, lane.weight)
        for lane in known
    ]


def charged(lane: Lane, cost: float) -> Lane:
    """The lane after it was served work of ``cost``."""
    return Lane(lane.tenant, lane.virtual_time + cost / lane.weight, lane.weight, lane.active)


def furthest_behind(lanes: Iterable[Lane]) -> Lane | None:
    """The lane to serve next; ties go by tenant, so that the order is the same everywhere."""
    return min(lanes, key=lambda lane: (lane.virtual_time, lane.tenant), default=None)
