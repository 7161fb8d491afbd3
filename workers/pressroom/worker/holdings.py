"""What this process holds under a lease, and how far each claim has come."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

from pressroom.domain.job import Claim, Held
from pressroom.engines.base import Key


class Abandoned(StrEnum):
    """Why the worker took a generation out of the engine itself."""

    LOST = "lost"  # the lease is gone: the job is another's
    DRAIN = "drain"  # the process ends: the job goes back
    BROKEN = "broken"  # the engine died: as after a crash


@dataclass(slots=True)
class Holding:
    """A claim and where it is. ``weight`` is in slots; ``taken_at`` in seconds of ``time.monotonic``."""

    claim: Claim
    weight: int
    taken_at: float
    in_engine: bool = True
    abandoned: Abandoned | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """``weight``: slots taken by what is in the engine; ``finishing``: claims whose end is being stored."""

    weight: int
    finishing: int
    held: int
    alone: bool


class Holdings:
    """Thread-safe table of the claims in hand."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._table: dict[Key, Holding] = {}
        self._changed = threading.Condition()

    def add(self, claim: Claim, weight: int) -> Holding:
        holding = Holding(claim, weight, self._clock())
        with self._changed:
            self._table[Key(claim.job.id, claim.attempt)] = holding
        return holding

    def get(self, key: Key) -> Holding | None:
        with self._changed:
            return self._table.get(key)

    def left_engine(self, key: Key) -> None:
        """Its outcome is known: its slot is free, but the claim is held until the end is stored."""
        with self._changed:
            holding = self._table.get(key)
            if holding is not None:
                holding.in_engine = False

    def abandon(self, key: Key, why: Abandoned) -> None:
        """Note why it is taken back; the first reason stands."""
        with self._changed:
            holding = self._table.get(key)
            if holding is not None and holding.abandoned is None:
                holding.abandoned = why

    def remove(self, key: Key) -> None:
        with self._changed:
            self._table.pop(key, None)
            self._changed.notify_all()

    def held(self) -> list[Held]:
        """What a heartbeat renews."""
        with self._changed:
            return [holding.claim.held for holding in self._table.values()]

    def in_engine(self) -> list[Key]:
        """Those whose outcome is not known yet."""
        with self._changed:
            return [key for key, holding in self._table.items() if holding.in_engine]

    def load(self) -> Load:
        with self._changed:
            values = self._table.values()
            return Load(
                weight=sum(holding.weight for holding in values if holding.in_engine),
                finishing=sum(not holding.in_engine for holding in values),
                held=len(values),
                alone=any(holding.claim.alone for holding in values),
            )

    def wait_empty(self, timeout_s: float) -> bool:
        """Whether nothing was held any more before the time was up."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._table, timeout_s)
