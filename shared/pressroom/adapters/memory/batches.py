"""``MemoryBatchStore``: the port ``BatchStore`` beside a ``MemoryJobStore``, without a database."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pressroom.adapters.cursors import pack_cursor, unpack_cursor
from pressroom.adapters.keeping import TOMBSTONE_MS
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.refusals import (
    batch_canceled,
    batch_erased,
    batch_given_up,
    batch_not_received,
    batch_unknown,
    custom_id_taken,
)
from pressroom.domain.batch import (
    Batch,
    BatchCounts,
    BatchRow,
    BatchState,
    NewBatch,
    NewRow,
    RowState,
    counts_of,
)
from pressroom.domain.errors import BudgetSpent, TokensSpent
from pressroom.domain.ids import new_id
from pressroom.domain.job import NewJob
from pressroom.domain.messages import EndedBatch
from pressroom.domain.states import State
from pressroom.domain.times import wall_ms
from pressroom.jobs.batch_ports import BatchPage, Unfinished
from pressroom.jobs.ports import QueueLimits


@dataclass(slots=True)
class _Row:
    """A row: ``new`` while it waits, ``job_id`` once it is a job."""

    given: NewRow
    new: NewJob | None
    job_id: str | None = None


@dataclass(slots=True)
class _Held:
    """A batch and what only the store knows of it: ``erased`` while it is removed, and after that."""

    batch: Batch
    key: str | None
    rows: dict[int, _Row] = field(default_factory=dict)
    erased: bool = False

    @property
    def unfinished(self) -> bool:
        return self.batch.finished_at is None


class MemoryBatchStore:
    """Batches in one process. Thread-safe. ``clock`` gives milliseconds since the epoch."""

    def __init__(self, jobs: MemoryJobStore, clock: Callable[[], int] = wall_ms) -> None:
        self._jobs = jobs
        self._clock = clock
        self._lock = threading.RLock()
        self._held: dict[str, _Held] = {}

    # -- taking in ---------------------------------------------------------------------------
    def open(self, new: NewBatch) -> Batch | None:
        with self._lock:
            for held in self._held.values():
                if new.key is None or (held.batch.tenant, held.key) != (new.tenant, new.key):
                    continue
                if held.batch.received_at is None:
                    self.give_up(held.batch.id)
                elif held.erased:
                    raise batch_erased()
                else:
                    return held.batch
            made = Batch(
                new.id,
                new.tenant,
                BatchState.RECEIVING,
                new.defaults,
                new.metadata,
                rows=0,
                refused=0,
                released=0,
                result_ttl_s=0,
                created_at=self._clock(),
            )
            self._held[new.id] = _Held(made, new.key)
            return None

    def add(self, batch_id: str, rows: Sequence[NewRow]) -> None:
        with self._lock:
            held = self._receiving(batch_id)
            taken = {row.given.custom_id for row in held.rows.values()} - {None}
            for row in rows:
                stored = row
                if row.custom_id in taken:
                    stored = NewRow(row.n, None, None, *custom_id_taken(str(row.custom_id)))
                elif row.custom_id is not None:
                    taken.add(row.custom_id)
                held.rows[row.n] = _Row(stored, stored.new)
                held.batch = replace(
                    held.batch,
                    rows=held.batch.rows + 1,
                    refused=held.batch.refused + (stored.new is None),
                )

    def seal(self, batch_id: str, result_ttl_s: int, body_mac: str) -> Batch:
        with self._lock:
            held = self._receiving(batch_id)
            now = self._clock()
            held.batch = replace(
                held.batch,
                state=BatchState.RUNNING,
                received_at=now,
                result_ttl_s=result_ttl_s,
                body_mac=body_mac,
            )
            if not held.batch.unreleased:
                self._finish(held)
            return held.batch

    def give_up(self, batch_id: str) -> bool:
        with self._lock:
            held = self._held.get(batch_id)
            if held is None or held.batch.state is not BatchState.RECEIVING:
                return False
            held.batch = replace(held.batch, state=BatchState.CANCELED, canceled_at=self._clock())
            held.erased, held.key = True, None
            return True

    # -- looking -----------------------------------------------------------------------------
    def batch(self, tenant: str, batch_id: str) -> tuple[Batch, BatchCounts]:
        with self._lock:
            held = self._of(tenant, batch_id)
            states = Counter(self._to_row(held, row).state for row in held.rows.values() if row.job_id)
            return held.batch, counts_of(
                held.batch, {State(state.value): number for state, number in states.items()}
            )

    def page(self, tenant: str, *, cursor: str | None = None, limit: int = 50) -> BatchPage:
        behind = unpack_cursor(cursor) if cursor is not None else None
        with self._lock:
            found = sorted(
                (
                    held.batch
                    for held in self._held.values()
                    if held.batch.tenant == tenant
                    and not held.erased
                    and (behind is None or (held.batch.created_at, held.batch.id) < behind)
                ),
                key=lambda batch: (batch.created_at, batch.id),
                reverse=True,
            )
        page = tuple(found[:limit])
        more = len(found) > limit and page
        return BatchPage(page, pack_cursor(page[-1].created_at, page[-1].id) if more else None)

    def rows(
        self, batch_id: str, *, after: int = 0, limit: int = 50, state: RowState | None = None
    ) -> tuple[BatchRow, ...]:
        with self._lock:
            held = self._held.get(batch_id)
            rows = () if held is None else (self._to_row(held, held.rows[n]) for n in sorted(held.rows))
            found = [row for row in rows if row.n > after and state in (None, row.state)]
            return tuple(found[:limit])

    # -- changing ----------------------------------------------------------------------------
    def cancel(self, tenant: str, batch_id: str) -> None:
        with self._lock:
            held = self._of(tenant, batch_id)
            if held.batch.state is BatchState.RECEIVING:
                self.give_up(batch_id)
            elif held.batch.state is BatchState.RUNNING:
                held.batch = replace(held.batch, state=BatchState.CANCELED, canceled_at=self._clock())

    def withdraw(self, batch_id: str, limit: int = 100) -> int:
        with self._lock:
            held = self._held.get(batch_id)
            if held is None or held.erased or held.batch.state is not BatchState.CANCELED:
                return 0
            jobs = self._jobs.find([row.job_id for row in held.rows.values() if row.job_id is not None])
            due = [job for job in jobs if not job.terminal and not job.cancel_requested][:limit]
            for job in due:
                self._jobs.cancel(job.tenant, job.id)
            return len(due)

    def erase(self, tenant: str, batch_id: str) -> None:
        with self._lock:
            held = self._of(tenant, batch_id)
            if not self.give_up(batch_id):
                self._erase(held)

    def retry(self, tenant: str, batch_id: str, limit: int = 100) -> int:
        with self._lock:
            held = self._of(tenant, batch_id)
            if held.batch.state is BatchState.CANCELED:
                raise batch_canceled()
            if held.batch.state is BatchState.RECEIVING:
                raise batch_not_received()
            done = 0
            for row in held.rows.values():
                shown = self._to_row(held, row)
                if done == limit or shown.job is None:
                    continue
                if shown.state in (RowState.FAILED, RowState.EXPIRED):
                    self._jobs.erase(tenant, shown.job.id)
                    row.new, row.job_id = row.given.new, None
                    done += 1
            if done:
                held.batch = replace(
                    held.batch,
                    state=BatchState.RUNNING,
                    finished_at=None,
                    expires_at=None,
                    released=held.batch.released - done,
                )
            return done

    # -- the relay ---------------------------------------------------------------------------
    def unfinished(self, limit: int = 500) -> tuple[Unfinished, ...]:
        with self._lock:
            now = self._clock()
            found = []
            for held in sorted(self._held.values(), key=lambda held: held.batch.created_at):
                if not held.unfinished:
                    continue
                states = [self._to_row(held, row).state for row in held.rows.values()]
                queued = states.count(RowState.QUEUED)
                found.append(
                    Unfinished(
                        held.batch.id,
                        held.batch.tenant,
                        held.batch.state,
                        now - held.batch.created_at,
                        held.batch.unreleased,
                        queued,
                        bool(queued) or RowState.RUNNING in states,
                        held.erased,
                    )
                )
            return tuple(found[:limit])

    def release(self, batch_id: str, most: int, limits: QueueLimits) -> int:
        with self._lock:
            held = self._held.get(batch_id)
            if held is None or held.erased or held.batch.state is not BatchState.RUNNING:
                return 0
            done = 0
            # Jobs of one moment are served in the order of their ids.
            ids = iter(sorted(new_id("job") for _ in held.rows))
            for n in sorted(held.rows):
                row = held.rows[n]
                if row.new is None:
                    continue
                full = any(
                    self._jobs.queued(pool, tenant) >= max(limit // 2, 1)
                    for pool, tenant, limit in (
                        (row.new.pool, held.batch.tenant, limits.lane),
                        (row.new.pool, None, limits.pool),
                        (None, None, limits.total),
                    )
                )
                if done == most or full:
                    break
                job = replace(row.new, id=next(ids), batch=batch_id, batch_row=n)
                try:
                    row.job_id = self._jobs.submit(job, None, limits).job.id
                except (BudgetSpent, TokensSpent) as error:
                    if not error.for_good:
                        break
                    row.given = NewRow(n, row.given.custom_id, None, error.code, error.message)
                    held.batch = replace(held.batch, refused=held.batch.refused + 1)
                else:
                    done += 1
                row.new = None
            held.batch = replace(held.batch, released=held.batch.released + done)
            return done

    def settle(self, batch_id: str) -> bool:
        with self._lock:
            held = self._held.get(batch_id)
            if held is None or held.erased or not held.unfinished:
                return False
            states = {self._to_row(held, row).state for row in held.rows.values()}
            if held.batch.state is BatchState.RECEIVING or states & {
                RowState.WAITING,
                RowState.QUEUED,
                RowState.RUNNING,
            }:
                return False
            self._finish(held)
            return True

    def clear(self, batch_id: str, limit: int = 100) -> int:
        with self._lock:
            held = self._held.get(batch_id)
            if held is None or not held.erased or not held.unfinished:
                return 0
            gone = sorted(held.rows)[:limit]
            for n in gone:
                job_id = held.rows.pop(n).job_id
                if job_id is not None and self._jobs.find([job_id]):
                    self._jobs.erase(held.batch.tenant, job_id)
            if not gone and held.batch.received_at is None:
                del self._held[batch_id]
            elif not gone:
                now = self._clock()
                held.batch = replace(
                    held.batch, defaults={}, metadata={}, finished_at=now, expires_at=now + TOMBSTONE_MS
                )
            return len(gone)

    def expire(self, limit: int = 100) -> int:
        with self._lock:
            now = self._clock()
            due = [
                held
                for held in self._held.values()
                if held.batch.expires_at is not None and held.batch.expires_at <= now
            ][:limit]
            for held in due:
                if held.erased:
                    del self._held[held.batch.id]
                else:
                    self._erase(held)
            return len(due)

    # -- parts -------------------------------------------------------------------------------
    def _of(self, tenant: str, batch_id: str) -> _Held:
        held = self._held.get(batch_id)
        if held is None or held.batch.tenant != tenant:
            raise batch_unknown()
        if held.erased:
            raise batch_erased()
        return held

    def _receiving(self, batch_id: str) -> _Held:
        held = self._held.get(batch_id)
        if held is None or held.batch.state is not BatchState.RECEIVING:
            raise batch_given_up()
        return held

    def _finish(self, held: _Held) -> None:
        now = self._clock()
        running = held.batch.state is BatchState.RUNNING
        held.batch = replace(
            held.batch,
            state=BatchState.FINISHED if running else held.batch.state,
            finished_at=now,
            expires_at=now + held.batch.result_ttl_s * 1000,
        )
        self._jobs.webhooks.tell_batch(held.batch.tenant, EndedBatch.of(held.batch, now))

    def _erase(self, held: _Held) -> None:
        if held.batch.state is BatchState.RUNNING:
            held.batch = replace(held.batch, state=BatchState.CANCELED, canceled_at=self._clock())
        held.batch = replace(held.batch, finished_at=None, expires_at=None)
        held.erased = True

    def _to_row(self, held: _Held, row: _Row) -> BatchRow:
        given = row.given
        if given.error_code is not None:
            return BatchRow(
                given.n,
                given.custom_id,
                RowState.REFUSED,
                error_code=given.error_code,
                error_message=given.error_message,
            )
        if row.job_id is None:
            canceled = held.batch.state is BatchState.CANCELED
            return BatchRow(given.n, given.custom_id, RowState.CANCELED if canceled else RowState.WAITING)
        state = self._jobs.state_of(row.job_id)
        jobs = self._jobs.find([row.job_id])
        shown = RowState(state.value) if state is not None else RowState.EXPIRED
        return BatchRow(given.n, given.custom_id, shown, row.job_id, jobs[0] if jobs else None)
