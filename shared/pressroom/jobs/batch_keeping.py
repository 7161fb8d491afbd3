"""What the relay does for batches, again and again: let rows in, find the end, remove. Safe to do twice.

Rows are let in as the lane has room: a batch has at most ``SHARE`` jobs queued, and all batches of a
lane, of a pool and of the queue together half of what it may hold. So single jobs always get in.
"""

from collections import defaultdict
from dataclasses import dataclass

from pressroom.domain.batch import BatchState
from pressroom.jobs.batch_ports import BatchStore, Unfinished
from pressroom.jobs.ports import QueueLimits

SHARE = 2_000
# One transaction, and how many of one kind a sweep makes: other duties of the relay wait meanwhile.
_PAGE = 200
_PAGES = 25


@dataclass(frozen=True, slots=True)
class BatchSweep:
    """What a sweep has done: rows let in, batches that ended, rows and batches removed or given up."""

    released: int = 0
    ended: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return bool(self.released or self.ended or self.removed)


class BatchKeeping:
    """The relay's duty. ``receive_s``: how long a body may take to come."""

    def __init__(self, store: BatchStore, limits: QueueLimits, *, receive_s: float) -> None:
        self._store = store
        self._limits = limits
        self._receive_ms = receive_s * 1000

    def sweep(self) -> BatchSweep:
        """Raises DatabaseUnavailable; the next sweep goes on."""
        unfinished = self._store.unfinished()
        return BatchSweep(
            released=self._release(unfinished),
            ended=self._end(unfinished),
            removed=self._remove(unfinished),
        )

    def _release(self, unfinished: tuple[Unfinished, ...]) -> int:
        """A page for each batch in turn, beginning with the tenants that have least in the queue."""
        queued: defaultdict[str, int] = defaultdict(int)
        for batch in unfinished:
            queued[batch.tenant] += batch.queued
        waiting = [b for b in unfinished if b.state is BatchState.RUNNING and b.unreleased and not b.erased]
        turn = sorted(waiting, key=lambda batch: queued[batch.tenant])
        room = {batch.id: SHARE - batch.queued for batch in turn}
        released = 0
        for _ in range(_PAGES):
            while turn and room[turn[0].id] <= 0:
                turn.pop(0)
            if not turn:
                break
            batch = turn.pop(0)
            most = min(room[batch.id], _PAGE)
            done = self._store.release(batch.id, most, self._limits)
            released += done
            room[batch.id] -= done
            if done == most:
                turn.append(batch)
        return released

    def _end(self, unfinished: tuple[Unfinished, ...]) -> int:
        ended = pages = 0
        for batch in unfinished:
            if batch.erased or batch.state is BatchState.RECEIVING:
                continue
            if batch.state is BatchState.CANCELED and batch.open:
                # A running job may have been claimed since the cancel, and so not have been told.
                while pages < _PAGES and self._store.withdraw(batch.id, _PAGE):
                    pages += 1
            elif not batch.open and (batch.state is BatchState.CANCELED or not batch.unreleased):
                ended += self._store.settle(batch.id)
        return ended

    def _remove(self, unfinished: tuple[Unfinished, ...]) -> int:
        removed = pages = 0
        for batch in unfinished:
            if batch.state is BatchState.RECEIVING and batch.age_ms > self._receive_ms:
                removed += self._store.give_up(batch.id)
            while batch.erased and pages < _PAGES and (done := self._store.clear(batch.id, _PAGE)):
                removed += done
                pages += 1
        return removed + self._store.expire()
