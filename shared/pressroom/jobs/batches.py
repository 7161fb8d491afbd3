"""Batches for their owners: take one in, look at it and its results, cancel, erase, retry.

    body, line by line ──▶ checked as single submits are ──▶ stored in pages ──▶ sealed ──▶ 202

Memory is that of one page, however long the body is. Nothing runs before the batch is sealed; a body
that breaks off leaves a batch that never runs, and posting it again under the same key begins anew.
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from pressroom.contract.jobs import DEFAULT_RESULT_TTL_S, JobRequest
from pressroom.domain.batch import ENDED_ROWS, Batch, BatchCounts, BatchRow, NewBatch, NewRow, RowState
from pressroom.domain.errors import (
    BatchUnknown,
    Busy,
    Forbidden,
    InputInvalid,
    KeyReused,
    NotThere,
    PressroomError,
    Refused,
    TooManyRows,
    Unavailable,
)
from pressroom.domain.ids import is_id, new_id
from pressroom.domain.job import NewJob
from pressroom.jobs.batch_ports import BatchPage, BatchStore
from pressroom.jobs.batch_rows import GivenRow
from pressroom.jobs.nudges import Nudges, nudge
from pressroom.jobs.ports import ApiKey
from pressroom.jobs.room import ENDLESS, Room, check_room
from pressroom.jobs.submit import check_key
from pressroom.telemetry import get_logger

_PREFIX = "batch"
# A page of rows: one transaction.
_PAGE_ROWS = 250
_PAGE_BYTES = 524_288
# A page of results holds the texts of its rows.
_RESULTS_PAGE = 50
# What a cancel does at once; the relay does the rest.
_CANCEL_PAGES = 5


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """``rows`` of a batch; ``at_once``: how many are taken in by one process at a time."""

    rows: int = 100_000
    at_once: int = 4


@dataclass(frozen=True, slots=True)
class Received:
    """``created`` is False when the idempotency key named an earlier batch."""

    batch: Batch
    counts: BatchCounts
    created: bool


class Resolver(Protocol):
    """Makes a job of a request, as ``Submitter.resolved`` does."""

    def resolved(
        self, tenant: str, request: JobRequest, request_id: str | None = None, by: ApiKey | None = None
    ) -> NewJob:
        """Raises Refused, Forbidden."""


class Batches:
    """The use cases behind ``/v1/batches``. Another tenant's batch is an unknown one. Thread-safe."""

    def __init__(
        self,
        store: BatchStore,
        resolver: Resolver,
        nudges: Nudges,
        *,
        secret: bytes,
        limits: BatchLimits | None = None,
        room: Room = ENDLESS,
    ) -> None:
        self._room = room
        self._store = store
        self._resolver = resolver
        self._nudges = nudges
        self._secret = secret
        self._limits = limits or BatchLimits()
        self._places = threading.BoundedSemaphore(self._limits.at_once)
        self._bodies = threading.BoundedSemaphore(self._limits.at_once)

    def body_mac(self, defaults: Mapping[str, Any]) -> "hmac.HMAC":
        """What the bytes of a body are fed to, so that the same body is known again."""
        head = json.dumps(dict(defaults), sort_keys=True, separators=(",", ":"))
        return hmac.new(self._secret, b"pressroom batch 1\n" + head.encode() + b"\n", hashlib.sha256)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Leave to lay a whole body on the disk before it is received, to as many as are received at once: bodies that nobody
        can take do not fill it. Raises NoRoom, Busy."""
        check_room(self._room)
        if not self._bodies.acquire(blocking=False):
            raise Busy("As many batches as may be are being taken in here. Try again.", retry_after_s=5)
        try:
            yield
        finally:
            self._bodies.release()

    def receive(
        self,
        tenant: str,
        rows: Iterable[GivenRow],
        digest: Callable[[], str],
        *,
        defaults: Mapping[str, Any],
        metadata: Mapping[str, str] | None = None,
        key: str | None = None,
        request_id: str | None = None,
        by: ApiKey | None = None,
    ) -> Received:
        """Store a batch that the API key ``by`` asks for, or find the one that ``key`` names. ``rows`` are read
        once, as they come; ``digest`` tells the body's MAC when they have been.

        Raises InputInvalid (no rows at all, no key), TooManyRows, KeyReused, BatchErased, BatchGivenUp,
        Busy, DatabaseUnavailable, and whatever ``rows`` raises; nothing of the batch runs then. Only
        after DatabaseUnavailable may it be there all the same: the same key tells."""
        if key is not None:
            check_key(key)
        check_room(self._room)
        if not self._places.acquire(blocking=False):
            raise Busy("As many batches as may be are being taken in here. Try again.", retry_after_s=5)
        try:
            new = NewBatch(new_id(_PREFIX), tenant, dict(defaults), dict(metadata or {}), key, request_id)
            earlier = self._store.open(new)
            if earlier is not None:
                return self._again(earlier, rows, digest)
            return self._take(new, rows, digest, by)
        finally:
            self._places.release()

    def batch(self, tenant: str, batch_id: str) -> tuple[Batch, BatchCounts]:
        """Raises BatchUnknown, BatchErased, DatabaseUnavailable."""
        _check_id(batch_id)
        return self._store.batch(tenant, batch_id)

    def page(self, tenant: str, *, cursor: str | None = None, limit: int = 50) -> BatchPage:
        """Newest first. Raises CursorInvalid, DatabaseUnavailable."""
        return self._store.page(tenant, cursor=cursor, limit=limit)

    def rows(
        self, tenant: str, batch_id: str, *, after: int = 0, limit: int = 50, state: RowState | None = None
    ) -> tuple[BatchRow, ...]:
        """Rows behind row ``after``. Raises BatchUnknown, BatchErased, DatabaseUnavailable."""
        self.batch(tenant, batch_id)
        return self._store.rows(batch_id, after=after, limit=limit, state=state)

    def rows_of(self, batch: Batch, *, after: int = 0, limit: int = 50) -> tuple[BatchRow, ...]:
        """As ``rows``, of a batch that its owner has just looked up: whoever reads page by page has its rows counted once.
        Raises DatabaseUnavailable."""
        return self._store.rows(batch.id, after=after, limit=limit)

    def results(self, tenant: str, batch_id: str, after: int = 0) -> Iterator[BatchRow]:
        """The rows behind row ``after`` that have ended, in order, page by page.

        Raises BatchUnknown and BatchErased before the first; each page may raise DatabaseUnavailable."""
        self.batch(tenant, batch_id)
        return self._ended_rows(batch_id, after)

    def cancel(self, tenant: str, batch_id: str) -> tuple[Batch, BatchCounts]:
        """Waiting rows never become jobs, queued jobs end, running ones are told to; one that has ended
        stays as it is. Raises BatchUnknown, BatchErased, DatabaseUnavailable."""
        _check_id(batch_id)
        self._store.cancel(tenant, batch_id)
        for _ in range(_CANCEL_PAGES):
            if not self._store.withdraw(batch_id):
                break
        nudge(self._nudges, batch=batch_id)
        return self._store.batch(tenant, batch_id)

    def erase(self, tenant: str, batch_id: str) -> None:
        """The batch is gone at once; its rows, jobs and results are removed by the relay, page by page.

        Raises BatchUnknown, BatchErased (done before), DatabaseUnavailable."""
        _check_id(batch_id)
        self._store.erase(tenant, batch_id)

    def retry(self, tenant: str, batch_id: str) -> tuple[Batch, BatchCounts]:
        """Have the rows made anew whose jobs failed or expired; these jobs are erased.

        Raises BatchUnknown, BatchErased, BatchEnded, DatabaseUnavailable (some wait again; the rest do
        after another call)."""
        _check_id(batch_id)
        while self._store.retry(tenant, batch_id):
            pass
        return self._store.batch(tenant, batch_id)

    # -- parts -------------------------------------------------------------------------------
    def _again(self, earlier: Batch, rows: Iterable[GivenRow], digest: Callable[[], str]) -> Received:
        """The batch that the key names, once the body has shown to be the same."""
        for _ in rows:
            pass
        if earlier.body_mac is None or not hmac.compare_digest(digest(), earlier.body_mac):
            raise KeyReused(
                "This Idempotency-Key was used for another batch. Use a new key, or send the same body.",
                field="header.Idempotency-Key",
            )
        return Received(*self._store.batch(earlier.tenant, earlier.id), created=False)

    def _take(
        self, new: NewBatch, rows: Iterable[GivenRow], digest: Callable[[], str], by: ApiKey | None
    ) -> Received:
        try:
            result_ttl_s = self._store_rows(new, rows, by)
            self._store.seal(new.id, result_ttl_s, digest())
        except BaseException as error:
            self._give_up(new.id, error)
            raise
        return Received(*self._store.batch(new.tenant, new.id), created=True)

    def _store_rows(self, new: NewBatch, rows: Iterable[GivenRow], by: ApiKey | None) -> int:
        """Seconds that the longest kept result is kept. Raises InputInvalid, TooManyRows, BatchGivenUp."""
        page: list[NewRow] = []
        size = number = longest = 0
        for given in rows:
            number += 1
            if number > self._limits.rows:
                raise TooManyRows(
                    f"A batch has at most {self._limits.rows} rows. Post it in several.", field="body"
                )
            row = self._row(new, given, by)
            if row.new is not None:
                longest = max(longest, row.new.result_ttl_s)
            page.append(row)
            size += given.size
            if len(page) >= _PAGE_ROWS or size >= _PAGE_BYTES:
                self._store.add(new.id, page)
                page, size = [], 0
        if not number:
            raise InputInvalid("The body has no rows. Send one JSON object a line.", field="body")
        if page:
            self._store.add(new.id, page)
        return longest or DEFAULT_RESULT_TTL_S

    def _row(self, new: NewBatch, given: GivenRow, by: ApiKey | None) -> NewRow:
        if isinstance(given.request, PressroomError):
            return _refused(given, given.request)
        try:
            return NewRow(
                given.n,
                given.custom_id,
                self._resolver.resolved(new.tenant, given.request, new.request_id, by),
            )
        except (Refused, NotThere, Forbidden) as error:  # also where what it works on is not there
            return _refused(given, error)

    def _give_up(self, batch_id: str, why: BaseException) -> None:
        """The relay does it after a while where this fails."""
        try:
            self._store.give_up(batch_id)
        except Unavailable as error:
            get_logger(__name__).warning("batch_left_to_relay", batch=batch_id, reason=error.message)
        else:
            get_logger(__name__).info("batch_given_up", batch=batch_id, reason=type(why).__name__)

    def _ended_rows(self, batch_id: str, after: int) -> Iterator[BatchRow]:
        while rows := self._store.rows(batch_id, after=after, limit=_RESULTS_PAGE):
            after = rows[-1].n
            yield from (row for row in rows if row.state in ENDED_ROWS)


def _refused(given: GivenRow, error: PressroomError) -> NewRow:
    return NewRow(given.n, given.custom_id, None, error.code, f"{given.where}{error.message}")


def _check_id(batch_id: str) -> None:
    if not is_id(_PREFIX, batch_id):
        raise BatchUnknown("There is no such batch. An id looks like batch_ followed by 32 hex digits.")
