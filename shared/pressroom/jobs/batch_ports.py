"""``BatchStore``: what the use cases of batches need of the database.

As in ``ports``, every method is one transaction of bounded size, and moves are guarded: the first one
wins. What needs many transactions is called again until there is nothing left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pressroom.domain.batch import Batch, BatchCounts, BatchRow, BatchState, NewBatch, NewRow, RowState
from pressroom.jobs.ports import QueueLimits


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Newest first. ``next`` continues behind the last one."""

    batches: tuple[Batch, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A batch that the relay has something to do for.

    ``unreleased``: good rows that are no jobs; ``queued``: jobs of it in the queue; ``open``: whether
    any job of it has not ended; ``erased``: its rows and jobs are to be removed."""

    id: str
    tenant: str
    state: BatchState
    age_ms: int
    unreleased: int
    queued: int
    open: bool
    erased: bool


class BatchStore(Protocol):
    """Batches and their rows. Any method may raise DatabaseUnavailable."""

    # -- taking in ---------------------------------------------------------------------------
    def open(self, new: NewBatch) -> Batch | None:
        """Begin to receive a batch; or, if its key names one that has come whole, return that.

        A batch of this key that is still being received is given up: its body broke off, or another
        is on the way. Raises BatchErased (the key's batch was erased)."""

    def add(self, batch_id: str, rows: Sequence[NewRow]) -> None:
        """Store a page of rows. One whose custom_id an earlier row has is refused. Raises BatchGivenUp
        when the batch is not being received any more."""

    def seal(self, batch_id: str, result_ttl_s: int, body_mac: str) -> Batch:
        """All rows are there: the batch runs, or is finished if none is good. Raises BatchGivenUp."""

    def give_up(self, batch_id: str) -> bool:
        """Never run a batch that is still being received; ``clear`` removes it. False: it is not."""

    # -- looking -----------------------------------------------------------------------------
    def batch(self, tenant: str, batch_id: str) -> tuple[Batch, BatchCounts]:
        """As of one moment. Raises BatchUnknown (also for another tenant's), BatchErased."""

    def page(self, tenant: str, *, cursor: str | None = None, limit: int = 50) -> BatchPage:
        """A page of a tenant's batches, without erased ones. Raises CursorInvalid."""

    def rows(
        self, batch_id: str, *, after: int = 0, limit: int = 50, state: RowState | None = None
    ) -> tuple[BatchRow, ...]:
        """Rows behind row ``after``, in order. No tenant is checked: ``batch`` has done so."""

    # -- changing ----------------------------------------------------------------------------
    def cancel(self, tenant: str, batch_id: str) -> None:
        """No waiting row becomes a job from now on; ``withdraw`` ends the jobs. One that has ended stays
        as it is. Raises BatchUnknown, BatchErased."""

    def withdraw(self, batch_id: str, limit: int = 100) -> int:
        """End up to ``limit`` jobs of a canceled batch, as a cancel of each. 0: there are no more that
        could be told."""

    def erase(self, tenant: str, batch_id: str) -> None:
        """Nobody sees the batch from now on; ``clear`` removes what is in it. Raises BatchUnknown,
        BatchErased."""

    def retry(self, tenant: str, batch_id: str, limit: int = 100) -> int:
        """Up to ``limit`` rows whose job failed or expired wait again; that job is erased, and the batch
        runs. 0: there are no more. Raises BatchUnknown, BatchErased, BatchEnded (canceled, or not
        received yet)."""

    # -- the relay ---------------------------------------------------------------------------
    def unfinished(self, limit: int = 500) -> tuple[Unfinished, ...]:
        """The oldest first."""

    def release(self, batch_id: str, most: int, limits: QueueLimits) -> int:
        """Let up to ``most`` waiting rows in, in order, as jobs: while their lane has less than half of
        its limit queued, their pool of its, and the whole queue of its. How many; 0 also while another relay is at it."""

    def settle(self, batch_id: str) -> bool:
        """Finish a batch of which nothing waits, is queued or runs."""

    def clear(self, batch_id: str, limit: int = 100) -> int:
        """Erase up to ``limit`` jobs of an erased batch and remove their rows. 0: it is done, or another
        relay is at it. When none is left, a tombstone stays that keeps the key; of a batch that never
        came whole, nothing."""

    def expire(self, limit: int = 100) -> int:
        """Erase batches past their ``expires_at``, and remove tombstones past theirs. How many."""
