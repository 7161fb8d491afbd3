"""Feeds for their owners: take one in, look at its pieces, decide about them.

    lines ──rows──> requests ──> a batch, row by row ──> pieces ──decisions──> export

A feed is a batch whose rows are the outputs of the feed's rows in turn, so that it is paced, goes on after a restart, is canceled, retried
and erased as any batch is. What it was made of stands with it: the plan in the batch's metadata, the key of a row in its job's.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pressroom.catalog.catalog import Catalog
from pressroom.contract.feedback import Decision
from pressroom.contract.feeds import FeedPlan
from pressroom.contract.jobs import JobRequest
from pressroom.domain.batch import Batch, BatchCounts
from pressroom.domain.errors import BatchUnknown, InputInvalid, ModelUnknown, NotThere, PressroomError
from pressroom.jobs.batch_rows import GivenRow
from pressroom.jobs.batches import Batches
from pressroom.jobs.copy_ports import KeptCopy
from pressroom.jobs.copywriting import Copywriter, check_writer
from pressroom.jobs.feedback import Feedbacks, Opinion
from pressroom.jobs.feeds.pictures import check_picture, model_of
from pressroom.jobs.feeds.pieces import Piece, is_published, piece_of
from pressroom.jobs.feeds.plans import Compiled, compiled
from pressroom.jobs.feeds.reading import FeedRow, Table
from pressroom.jobs.ports import ApiKey

_MARK = "feed"
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Feed:
    """``columns`` of the export, behind the ``key``."""

    batch: Batch
    counts: BatchCounts
    plan: FeedPlan
    key: str
    columns: tuple[str, ...]

    @property
    def pictures(self) -> tuple[str, ...]:
        """Those of the columns that are pictures."""
        made = zip(self.columns, self.plan.outputs, strict=True)
        return tuple(column for column, output in made if output.picture is not None)


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed in a list: without its counts."""

    batch: Batch
    columns: tuple[str, ...]


class Feeds:
    """The use cases behind ``/v1/feeds``. Thread-safe."""

    def __init__(
        self, batches: Batches, copywriter: Copywriter, feedbacks: Feedbacks, catalog: Catalog
    ) -> None:
        self._batches = batches
        self._copywriter = copywriter
        self._feedbacks = feedbacks
        self._catalog = catalog

    def place(self) -> AbstractContextManager[None]:
        """Asked for before a feed's bytes are read: they lie on the disk until it is received. Raises NoRoom, Busy."""
        return self._batches.place()

    def receive(
        self,
        tenant: str,
        plan: FeedPlan,
        table: Table,
        *,
        key: str | None = None,
        request_id: str | None = None,
        by: ApiKey | None = None,
    ) -> Feed:
        """Store a feed, or find the one that the idempotency ``key`` names.

        Raises InputInvalid for a plan that does not fit the header or the model, TemplateUnknown, VoiceUnknown, ModelUnknown,
        LanguageUnsupported, and what ``Batches.receive`` raises; nothing of it runs then."""
        names = [each.template for each in plan.outputs if each.template is not None]
        templates = {name: self._copywriter.template(tenant, name) for name in names}
        for voice in {each.voice or plan.voice for each in plan.outputs} - {None}:
            self._copywriter.voice(tenant, str(voice))
        model = plan.model or (self._text_model(tenant) if templates else "")
        classes = self._check_models(tenant, plan, model, templates)
        fitting = compiled(plan, table.columns, templates, model, classes)
        mac = self._batches.body_mac({_MARK: plan.model_dump(mode="json"), "columns": list(table.columns)})

        def rows() -> Iterator[GivenRow]:
            for row in _written(table.rows, fitting):
                mac.update(json.dumps([row.n, dict(row.values), str(row.wrong or "")]).encode())
                yield from _given(row, fitting)

        told = {
            "plan": plan.model_dump(mode="json"),
            "key": fitting.key,
            "columns": list(fitting.columns),
        }
        received = self._batches.receive(
            tenant,
            rows(),
            mac.hexdigest,
            defaults={},
            metadata={_MARK: json.dumps(told)},
            key=key,
            request_id=request_id,
            by=by,
        )
        return _feed(received.batch, received.counts)

    def feed(self, tenant: str, feed_id: str) -> Feed:
        """Raises BatchUnknown (also for a batch that is no feed), BatchErased, DatabaseUnavailable."""
        return _feed(*self._batches.batch(tenant, feed_id))

    def page(self, tenant: str, *, cursor: str | None = None) -> tuple[tuple[Listed, ...], str | None]:
        """The feeds among a page of batches, newest first, and where the next one begins. Raises CursorInvalid, DatabaseUnavailable."""
        page = self._batches.page(tenant, cursor=cursor)
        found = (each for each in page.batches if _MARK in each.metadata)
        return tuple(Listed(each, tuple(_told(each)["columns"])) for each in found), page.next

    def pieces(self, tenant: str, feed: Feed, *, after: int = 0, limit: int = 50) -> tuple[Piece, ...]:
        """Pieces behind piece ``after``, in order; ``feed`` was looked up for this tenant. Raises DatabaseUnavailable."""
        rows = self._batches.rows_of(feed.batch, after=after, limit=limit)
        decided = self._feedbacks.decisions(tenant, [row.job_id for row in rows if row.job_id is not None])
        return tuple(piece_of(row, feed.columns, decided) for row in rows)

    def all_pieces(self, tenant: str, feed: Feed, *, after: int = 0) -> Iterator[Piece]:
        """Those behind piece ``after``, page by page. Each may raise DatabaseUnavailable."""
        while page := self.pieces(tenant, feed, after=after, limit=_PAGE):
            yield from page
            after = page[-1].n

    def pictures(self, tenant: str, feed: Feed, *, after: int = 0) -> Iterator[Piece]:
        """As ``all_pieces``, of the pieces that are pictures, or shall be."""
        columns = feed.pictures
        return (piece for piece in self.all_pieces(tenant, feed, after=after) if piece.column in columns)

    def decide(
        self,
        tenant: str,
        feed: Feed,
        decision: Decision,
        numbers: Sequence[int] | None,
        *,
        chosen: int | None = None,
    ) -> int:
        """About pieces of these numbers; None: all that are ready and about which nothing is decided. ``chosen``: which output is
        taken, where there are several. How many it was.

        Raises DatabaseUnavailable, TooMuchFeedback, InputInvalid (no such output); what was decided before stays so."""
        found = self._ready(tenant, feed) if numbers is None else self._named(tenant, feed, numbers)
        decided = 0
        for piece in found:
            if piece.job is None or piece.output is None:
                continue
            several = len(piece.job.outputs) > 1
            opinion = Opinion(output=piece.output.n, decision=decision, chosen=chosen if several else None)
            try:
                self._feedbacks.give(tenant, piece.job.id, opinion)
            except NotThere:
                continue  # erased meanwhile
            decided += 1
        return decided

    def _ready(self, tenant: str, feed: Feed) -> Iterator[Piece]:
        return (piece for piece in self.all_pieces(tenant, feed) if piece.state == "ready")

    def _named(self, tenant: str, feed: Feed, numbers: Sequence[int]) -> Iterator[Piece]:
        """In one look as many as lie close together."""
        left = sorted(set(numbers))
        while left:
            close = [n for n in left if n < left[0] + _PAGE]
            found = self.pieces(tenant, feed, after=close[0] - 1, limit=close[-1] - close[0] + 1)
            yield from (piece for piece in found if piece.n in close)
            left = left[len(close) :]

    def _check_models(
        self, tenant: str, plan: FeedPlan, model: str, templates: Mapping[str, KeptCopy]
    ) -> dict[str, tuple[str, ...]]:
        """What every row would be refused for is told once, before any is read. The classes of each picture model."""
        classes: dict[str, tuple[str, ...]] = {}
        for n, each in enumerate(plan.outputs):
            if (picture := each.picture) is None:
                continue
            try:
                manifest = self._catalog.choose(model_of(picture), 0.0, tenant)
            except ModelUnknown as error:
                raise ModelUnknown(error.message, field=f"plan.outputs.{n}.picture.model") from None
            check_picture(n, picture, manifest)
            classes[model_of(picture)] = manifest.image.labels if manifest.image is not None else ()
        if templates:
            locales = sorted({str(each.body["locale"]) for each in templates.values()})
            check_writer(self._catalog.choose(model, 0.0, tenant), locales, plan.params)
        return classes

    def _text_model(self, tenant: str) -> str:
        """The first one, of those that chat if there are any. Raises InputInvalid."""
        writers = [each for each in self._catalog.seen_by(tenant) if each.text is not None]
        if not writers:
            raise InputInvalid(
                "There is no text model: name one in plan.model, or pull one.", field="plan.model"
            )
        return min(writers, key=lambda each: each.text is None or not each.text.chat).name


def published_rows(pieces: Iterator[Piece], which: str) -> Iterator[tuple[str, dict[str, Piece]]]:
    """Row by row: its key, and those of its pieces that go out, by column. Rows of which none does are left out."""
    row, key, held = 0, "", dict[str, Piece]()
    for piece in pieces:
        if piece.row != row:
            if held:
                yield key, held
            row, key, held = piece.row, piece.key, {}
        if is_published(piece, which):
            held[piece.column] = piece
            key = piece.key
    if held:
        yield key, held


def _written(rows: Iterator[FeedRow], fitting: Compiled) -> Iterator[FeedRow]:
    """Rows that are to be written; variants of the one before are passed over."""
    n, last = 0, ""
    for row in rows:
        key = row.values.get(fitting.key, "")
        goes_on = fitting.continues is not None and not row.values.get(fitting.continues, "") and key == last
        if row.wrong is None and goes_on and key:
            continue
        last = key
        n += 1
        yield FeedRow(n, row.line, row.values, row.wrong)


def _given(row: FeedRow, fitting: Compiled) -> Iterator[GivenRow]:
    count = len(fitting.outputs)
    wrong, where = row.wrong, f"Line {row.line}: "
    if wrong is not None:
        where = ""  # whoever read it says how far it goes, too
    elif not row.values.get(fitting.key, ""):
        wrong = InputInvalid(f"the row has no {fitting.key!r}, which names it.", field="row")
    size = sum(map(len, row.values.values()))
    requests: Sequence[JobRequest | PressroomError] = (
        [wrong] * count if wrong is not None else fitting.requests(row)
    )
    key = row.values.get(fitting.key, f"line {row.line}")[:200]
    for k, request in enumerate(requests):
        number = (row.n - 1) * count + k + 1
        # The line is the name's beginning: keys may come twice.
        yield GivenRow(number, size, f"{number}:{key}", request, where)


def _feed(batch: Batch, counts: BatchCounts) -> Feed:
    if _MARK not in batch.metadata:
        raise BatchUnknown("This batch is no feed; look at /v1/batches.")
    told = _told(batch)
    return Feed(batch, counts, FeedPlan.model_validate(told["plan"]), told["key"], tuple(told["columns"]))


def _told(batch: Batch) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(batch.metadata[_MARK])
    return told
