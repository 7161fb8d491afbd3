"""Desk: the one claimer of a process. Tickets, the timer and completions all call ``turn``.

A turn takes all free slots in one transaction. Turns that are asked for while one is under way are
done by it, so nobody queues up before the desk.
"""

import threading
from collections.abc import Callable, Sequence

from pressroom.domain.errors import DatabaseUnavailable
from pressroom.domain.job import Claim
from pressroom.jobs.ports import JobStore, LiveModel
from pressroom.jobs.room import ENDLESS, Room
from pressroom.telemetry import get_logger
from pressroom.worker.attempt import weight
from pressroom.worker.holdings import Holding, Holdings


class Desk:
    """Claims jobs of ``pool`` that run on what ``models`` tells, never more than ``slots`` and a small look-ahead;
    ``slots_now`` says when it is fewer for a while.

    ``begin`` gets each new holding. The look-ahead keeps the engine busy while an end is stored and
    the next job is claimed; it is filled when half of it is used up, since each claim is a transaction."""

    def __init__(
        self,
        store: JobStore,
        holdings: Holdings,
        *,
        worker: str,
        pool: str,
        models: Callable[[], Sequence[LiveModel]],
        slots: int,
        lease_ms: int,
        begin: Callable[[Holding], None],
        look_ahead: int | None = None,
        room: Room = ENDLESS,
        slots_now: Callable[[], int] | None = None,
    ) -> None:
        self._room = room
        self._store = store
        self._holdings = holdings
        self._worker = worker
        self._pool = pool
        self._models = models
        self._slots = slots
        self._slots_now = slots_now or (lambda: slots)
        self._look_ahead = max(1, slots // 8) if look_ahead is None else look_ahead
        self._lease_ms = lease_ms
        self._begin = begin
        self._state = threading.Condition()
        self._asked = False
        self._turning = False
        self._closed = False
        self._away = False
        self._mean_weight = 1.0

    @property
    def free(self) -> int:
        """How many more slots' worth of jobs would be claimed now."""
        load = self._holdings.load()
        # While ends cannot be stored, more must not pile up behind them.
        if self._closed or load.alone or load.finishing > 2 * self._slots or self._room.trouble():
            return 0
        return max(0, self._slots_now() + self._look_ahead - load.weight)

    @property
    def trouble(self) -> str | None:
        """Why nothing is claimed, although there is nothing wrong with the engine."""
        return self._room.trouble()

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Claim nothing more; waits for a claim that is under way."""
        with self._state:
            self._closed = True
            self._state.wait_for(lambda: not self._turning)

    def turn(self) -> None:
        """Claim what there is room for. Never raises: what could not be claimed is there next time."""
        with self._state:
            self._asked = True
            if self._turning:
                return
            self._turning = True
        while self._goes_on():
            try:
                self._claim()
            except DatabaseUnavailable as error:
                if not self._away:
                    get_logger(__name__).warning("claims_wait", reason=error.message)
                self._away = True
            except Exception:
                get_logger(__name__).exception("claim_failed")

    def _goes_on(self) -> bool:
        """Whether a turn was asked for since the last claim; else this one is over."""
        with self._state:
            self._turning = self._asked and not self._closed
            self._asked = False
            self._state.notify_all()
            return self._turning

    def _claim(self) -> None:
        # With less room than that the engine is full, and has somebody waiting besides.
        while (room := self.free) > self._look_ahead // 2:
            # Jobs of several outputs take several slots: ask for as many jobs as probably fit.
            limit = max(1, int(room / self._mean_weight))
            claims = self._store.claim(
                worker=self._worker,
                pool=self._pool,
                models=self._models(),
                limit=limit,
                lease_ms=self._lease_ms,
                idle=self._holdings.load().held == 0,
            )
            if self._away:
                get_logger(__name__).info("claims_go_on")
                self._away = False
            if claims:
                get_logger(__name__).info("claimed", jobs=len(claims))
            for claim in claims:
                self._take(claim)
            if len(claims) < limit:
                return

    def _take(self, claim: Claim) -> None:
        slots = weight(claim.job)
        self._mean_weight += (slots - self._mean_weight) / 8
        self._begin(self._holdings.add(claim, slots))
