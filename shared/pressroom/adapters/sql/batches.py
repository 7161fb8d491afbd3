"""``SqlBatchStore``: the port ``BatchStore`` over a database; each method is a room beside this one."""

from collections.abc import Sequence

from pressroom.adapters.sql import batch_intake, batch_reading, batch_release, batch_removal
from pressroom.adapters.sql.database import Database
from pressroom.domain.batch import Batch, BatchCounts, BatchRow, NewBatch, NewRow, RowState
from pressroom.jobs.batch_ports import BatchPage, Unfinished
from pressroom.jobs.ports import QueueLimits


class SqlBatchStore:
    """Batches and their rows. Thread-safe. ``lease_ms``: as the job store's, for when jobs are erased."""

    def __init__(self, database: Database, *, lease_ms: int = 60_000) -> None:
        self._database = database
        self._lease_ms = lease_ms

    # -- taking in ---------------------------------------------------------------------------
    def open(self, new: NewBatch) -> Batch | None:
        return batch_intake.open_batch(self._database, new)

    def add(self, batch_id: str, rows: Sequence[NewRow]) -> None:
        batch_intake.add_rows(self._database, batch_id, rows)

    def seal(self, batch_id: str, result_ttl_s: int, body_mac: str) -> Batch:
        return batch_intake.seal(self._database, batch_id, result_ttl_s, body_mac)

    def give_up(self, batch_id: str) -> bool:
        return batch_intake.give_up(self._database, batch_id)

    # -- looking -----------------------------------------------------------------------------
    def batch(self, tenant: str, batch_id: str) -> tuple[Batch, BatchCounts]:
        return batch_reading.one_batch(self._database, tenant, batch_id)

    def page(self, tenant: str, *, cursor: str | None = None, limit: int = 50) -> BatchPage:
        return batch_reading.page_of_batches(self._database, tenant, cursor=cursor, limit=limit)

    def rows(
        self, batch_id: str, *, after: int = 0, limit: int = 50, state: RowState | None = None
    ) -> tuple[BatchRow, ...]:
        return batch_reading.rows_of(self._database, batch_id, after=after, limit=limit, state=state)

    # -- changing ----------------------------------------------------------------------------
    def cancel(self, tenant: str, batch_id: str) -> None:
        batch_release.cancel(self._database, tenant, batch_id)

    def withdraw(self, batch_id: str, limit: int = 100) -> int:
        return batch_release.withdraw(self._database, batch_id, limit)

    def erase(self, tenant: str, batch_id: str) -> None:
        batch_removal.erase(self._database, tenant, batch_id)

    def retry(self, tenant: str, batch_id: str, limit: int = 100) -> int:
        return batch_release.retry(self._database, tenant, batch_id, limit, self._lease_ms)

    # -- the relay ---------------------------------------------------------------------------
    def unfinished(self, limit: int = 500) -> tuple[Unfinished, ...]:
        return batch_release.unfinished(self._database, limit)

    def release(self, batch_id: str, most: int, limits: QueueLimits) -> int:
        return batch_release.release(self._database, batch_id, most, limits)

    def settle(self, batch_id: str) -> bool:
        return batch_release.settle(self._database, batch_id)

    def clear(self, batch_id: str, limit: int = 100) -> int:
        return batch_removal.clear(self._database, batch_id, limit, self._lease_ms)

    def expire(self, limit: int = 100) -> int:
        return batch_removal.expire(self._database, limit)
