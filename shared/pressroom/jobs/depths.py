"""How deep the queue is, lane by lane, and how much runs: for metrics, read now and then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LaneDepth:
    """What one tenant has queued in a pool. ``oldest_due_at``: milliseconds by the database's clock."""

    pool: str
    tenant: str
    queued: int
    oldest_due_at: int


@dataclass(frozen=True, slots=True)
class Depths:
    """All lanes with something in them, by pool and tenant; ``running`` by pool; all of one moment, ``now``."""

    now: int
    lanes: tuple[LaneDepth, ...]
    running: Mapping[str, int]


class DepthStore(Protocol):
    """Where jobs are kept."""

    def depths(self) -> Depths:
        """Reads the index of queued jobs once, as long as it is. Raises DatabaseUnavailable."""
