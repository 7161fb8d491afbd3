"""Feeds: a table of products in, copy and pictures for each row, a table out."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, cast

from apiflask import APIBlueprint
from flask import Response, g, request
from pydantic import ValidationError

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.feeds import (
    Decided,
    DecisionRequest,
    FeedPlan,
    FeedView,
    PiecePage,
    PieceView,
)
from pressroom.contract.jobs import JobError
from pressroom.domain.errors import InputInvalid
from pressroom.front.answers import wire_response
from pressroom.front.api import feed_export
from pressroom.front.api.batches import after_of, counts_view
from pressroom.front.api.documents import REQUEST_ID, answer, idempotency_key, problems
from pressroom.front.api.feed_sheet import FeedSheet
from pressroom.front.api.queries import ExportQuery, PiecesQuery
from pressroom.front.api.views import job_url, origin_of
from pressroom.front.sse import Gate
from pressroom.jobs.feeds.decoding import lines_of
from pressroom.jobs.feeds.feeds import Feed, published_rows
from pressroom.jobs.feeds.pieces import Piece
from pressroom.jobs.feeds.reading import Form, Table, read
from pressroom.jobs.invalid import wrong_fields

_CHUNK = 65_536
_KEY = idempotency_key(
    "Your name for this feed, e.g. a UUID. The same key, plan and table give the same feed."
)
_FORM = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["plan", "feed"],
            "properties": {
                "plan": {"type": "string", "description": "A FeedPlan as JSON."},
                "feed": {
                    "type": "string",
                    "format": "binary",
                    "description": "CSV with a header, or a JSON object a line (a name that ends with .jsonl or .ndjson, or that media "
                    "type); UTF-8 or UTF-16.",
                },
            },
        }
    }
}
_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson", "zip": "application/zip"}


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """``/v1/feeds``."""
    feeds = APIBlueprint("feeds", __name__, url_prefix="/v1/feeds", tag="Feeds")

    @feeds.post("")
    @feeds.doc(
        operation_id="postFeed",
        responses={
            200: answer("FeedView", "It has ended already: no row is good, or the key names an earlier one."),
            202: answer("FeedView", "All rows are stored.", Location="Path of the feed."),
            **problems(404, 409, 410, 413, 415),
        },
        extensions={"x-headers": [_KEY], "x-body": _FORM},
    )
    def post_feed() -> Response:
        """Post a feed

        The plan is held against the header first. A row that is wrong is refused by itself, with its line and the reason, and the
        others go on. A feed is a batch: it is paced, goes on after a restart, and is canceled, retried and erased as one, by its id."""
        with parts.feeds.place():
            plan, table = _plan(), sent_table()
            feed = parts.feeds.receive(
                g.tenant,
                plan,
                table,
                key=request.headers.get("Idempotency-Key"),
                request_id=g.request_id,
                by=g.by,
            )
        status = 200 if feed.batch.finished_at is not None else 202
        return wire_response(feed_view(feed), status, headers={"Location": f"/v1/feeds/{feed.batch.id}"})

    @feeds.get("/<feed_id>")
    @feeds.output(FeedView)
    @feeds.doc(operation_id="getFeed", responses=problems(404, 410))
    def get_feed(feed_id: str) -> Response:
        """Look at a feed"""
        return wire_response(feed_view(parts.feeds.feed(g.tenant, feed_id)))

    @feeds.get("/<feed_id>/pieces")
    @feeds.input(PiecesQuery, location="query")
    @feeds.output(PiecePage)
    @feeds.doc(operation_id="listPieces", responses=problems(404, 410))
    def list_pieces(feed_id: str, query_data: PiecesQuery) -> Response:
        """List the pieces of a feed

        Row by row, an output each: how it stands, the candidate that is taken, and what has to be looked at."""
        feed, limit = parts.feeds.feed(g.tenant, feed_id), query_data.limit
        found = parts.feeds.pieces(g.tenant, feed, after=after_of(query_data.cursor), limit=limit + 1)
        following = str(found[limit - 1].n) if len(found) > limit else None
        return wire_response(PiecePage(items=tuple(map(piece_view, found[:limit])), next=following))

    @feeds.post("/<feed_id>/decisions")
    @feeds.input(DecisionRequest)
    @feeds.output(Decided)
    @feeds.doc(operation_id="decidePieces", responses=problems(404, 410, 413, 415))
    def decide_pieces(feed_id: str, json_data: DecisionRequest) -> Response:
        """Approve or reject pieces

        Some, or all that are ready. A decision is feedback: the newest one of a job holds, and one with an edited text is
        given there (`POST /v1/jobs/{id}/feedback`)."""
        feed = parts.feeds.feed(g.tenant, feed_id)
        return wire_response(
            Decided(decided=parts.feeds.decide(g.tenant, feed, json_data.decision, json_data.pieces))
        )

    @feeds.get("/<feed_id>/export")
    @feeds.input(ExportQuery, location="query")
    @feeds.doc(
        operation_id="exportFeed",
        responses={
            200: {
                "description": "The rows that can go out so far.",
                "headers": REQUEST_ID,
                "content": {
                    "text/csv": {"schema": {"type": "string"}},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                    "application/zip": {"schema": {"type": "string", "format": "binary"}},
                },
            },
            **problems(404, 410),
        },
    )
    def export_feed(feed_id: str, query_data: ExportQuery) -> Response:
        """Export a feed

        What is approved, unless you ask for more; the key and the columns that were written. A row is in a table only if it has
        all columns that are asked for: an empty cell would wipe out what your shop has there. JSON lines of the preset `wordpress`
        are posts, as its REST API takes them."""
        feed = parts.feeds.feed(g.tenant, feed_id)
        columns = _columns(feed, query_data.columns)
        rows = published_rows(parts.feeds.all_pieces(g.tenant, feed), query_data.which)
        host = request.host_url.rstrip("/")
        body: Iterator[Any]
        match query_data.form:
            case "csv":
                body = feed_export.as_csv(feed.key, columns, rows, lambda piece: host + _url(piece))
            case "jsonl" if feed.plan.preset == "wordpress":
                body = feed_export.as_posts(columns, rows, lambda piece: host + _url(piece))
            case "jsonl":
                body = feed_export.as_jsonl(feed.key, columns, rows, lambda piece: host + _url(piece))
            case _:
                sheet = FeedSheet(feed.key, columns, feed.pictures)
                body = feed_export.as_zip(
                    feed.key, columns, rows, lambda piece: _content(parts, piece), sheet
                )
        gate.enter()
        try:
            # The first piece is read before the answer begins, so that trouble is still told as a problem.
            first = next(body, "")
        except BaseException:
            gate.leave()
            raise
        response = Response(cast(Any, chain([first], body)), content_type=_TYPES[query_data.form])
        response.headers["Content-Disposition"] = f'attachment; filename="{feed_id}.{query_data.form}"'
        response.headers["Cache-Control"] = "no-store"
        response.call_on_close(gate.leave)
        return response

    return feeds


def _plan() -> FeedPlan:
    """Raises InputInvalid, RequestEntityTooLarge (also for a plan of more than half a megabyte), NoRoom."""
    given = request.form.get("plan")
    if given is None:
        raise InputInvalid("Send a form with the fields `plan` (JSON) and `feed` (a file).", field="plan")
    try:
        return FeedPlan.model_validate_json(given)
    except ValidationError as error:
        found = wrong_fields(error, "plan")
        raise InputInvalid(f"{found[0][0]}: {found[0][1]}.", field=found[0][0], errors=found) from None


def sent_table() -> Table:
    """The table that this request brings, in its field ``feed``; its rows are read once, as they come. Raises InputInvalid."""
    sent = request.files.get("feed")
    if sent is None:
        raise InputInvalid("Send the table as a file, in the field `feed`.", field="feed")
    name, kind = (sent.filename or "").lower(), sent.mimetype
    form: Form = (
        "jsonl" if name.endswith((".jsonl", ".ndjson")) or "ndjson" in kind or "json" in kind else "csv"
    )
    stream = sent.stream
    return read(lines_of(iter(lambda: stream.read(_CHUNK), b"")), form)


def _columns(feed: Feed, asked: str | None) -> tuple[str, ...]:
    """Raises InputInvalid."""
    if asked is None:
        return feed.columns
    names = tuple(name.strip() for name in asked.split(",") if name.strip())
    for name in names:
        if name not in feed.columns:
            raise InputInvalid(
                f"The feed makes no column {name!r}. It makes: {', '.join(feed.columns)}.",
                field="query.columns",
            )
    return names


def feed_view(feed: Feed) -> FeedView:
    """A feed as the API shows it."""
    return FeedView(
        id=feed.batch.id,
        status=cast(Any, feed.batch.state.value),
        plan=feed.plan,
        key=feed.key,
        columns=feed.columns,
        pieces=feed.batch.rows,
        counts=counts_view(feed.counts),
        created_at=feed.batch.created_at,
        finished_at=feed.batch.finished_at,
    )


def piece_view(piece: Piece) -> PieceView:
    """A piece as the API shows it."""
    return PieceView(
        n=piece.n,
        row=piece.row,
        key=piece.key,
        column=piece.column,
        status=piece.state,
        job_id=piece.job.id if piece.job is not None else None,
        output=piece.output.n if piece.output is not None else None,
        outputs=len(piece.job.outputs) if piece.job is not None and piece.output is not None else 0,
        text=piece.text,
        url=_url(piece) if piece.output is not None else None,
        label=piece.output.label if piece.output is not None else None,
        origin=origin_of(piece.job) if piece.job is not None and piece.output is not None else None,
        findings=piece.findings,
        error=JobError(code=piece.error[0], message=piece.error[1]) if piece.error is not None else None,
    )


def _url(piece: Piece) -> str:
    if piece.job is None or piece.output is None:
        return ""
    return f"{job_url(piece.job.id)}/outputs/{piece.output.n}"


def _content(parts: FrontParts, piece: Piece) -> bytes:
    return parts.fetcher.content(piece.output) if piece.output is not None else b""
