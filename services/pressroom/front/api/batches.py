"""Batches: many jobs posted as one body of JSON lines, and their results as one."""

from collections.abc import Iterable, Iterator

from apiflask import APIBlueprint
from flask import Response, g, request

from pressroom.bootstrap.front import FrontParts
from pressroom.contract.batches import (
    BatchCountsView,
    BatchLinks,
    BatchPage,
    BatchResult,
    BatchRowPage,
    BatchRowView,
    BatchView,
)
from pressroom.contract.jobs import JobError
from pressroom.domain.batch import Batch, BatchCounts, BatchRow, RowState
from pressroom.domain.errors import CursorInvalid
from pressroom.front.answers import wire_response
from pressroom.front.api.documents import (
    REQUEST_ID,
    answer,
    header_docs,
    header_parameter,
    idempotency_key,
    problems,
)
from pressroom.front.api.queries import BatchesQuery, BatchQuery, ResultsQuery, RowsQuery
from pressroom.front.api.views import output_views, usage_view
from pressroom.front.jsonl import MEDIA_TYPE, chunks_of, lines_of, rows_of
from pressroom.front.sse import Gate

_KEY = idempotency_key(
    "Your name for this batch, e.g. a UUID. The same key and body give the same batch, however often they "
    "are sent; a body that broke off is sent again with the same key."
)
_ENCODING = header_parameter(
    "Content-Encoding", "Whether the body is packed.", {"type": "string", "enum": ["identity", "gzip"]}
)
_LINES = {"schema": {"type": "string", "description": "One BatchLine as JSON a line."}}
_RESULTS = {"schema": {"type": "string", "description": "One BatchResult as JSON a line."}}


def blueprint(parts: FrontParts, gate: Gate) -> APIBlueprint:
    """``/v1/batches``."""
    batches = APIBlueprint("batches", __name__, url_prefix="/v1/batches", tag="Batches")

    @batches.post("")
    @batches.input(BatchQuery, location="query")
    @batches.doc(
        operation_id="postBatch",
        responses={
            200: answer(
                "BatchView", "It has ended already: no row is good, or the key names an earlier one."
            ),
            202: answer("BatchView", "All rows are stored.", Location="Path of the batch."),
            **problems(409, 410, 413, 415),
        },
        extensions={"x-headers": [_KEY, _ENCODING], "x-body": {MEDIA_TYPE: _LINES}},
    )
    def post_batch(query_data: BatchQuery) -> Response:
        """Post a batch

        One job a line, of the form that a single one has; parameters of the address are what a row has
        that does not say otherwise. A row that is wrong is refused by itself, with its line and the
        reason, and the others go on. Nothing runs before all have come."""
        defaults = query_data.model_dump(exclude_none=True)
        mac = parts.batches.body_mac(defaults)

        def told(chunks: Iterable[bytes]) -> Iterator[bytes]:
            for chunk in chunks:
                mac.update(chunk)
                yield chunk

        longest = parts.limits.body_bytes
        chunks = told(chunks_of(request, parts.limits.batch_bytes))
        received = parts.batches.receive(
            g.tenant,
            rows_of(lines_of(chunks, longest), defaults, longest),
            mac.hexdigest,
            defaults=defaults,
            key=request.headers.get("Idempotency-Key"),
            request_id=g.request_id,
            by=g.by,
        )
        status = 200 if received.batch.finished_at is not None else 202
        headers = {"Location": _url(received.batch.id)}
        return wire_response(_view(received.batch, received.counts), status, headers=headers)

    @batches.get("")
    @batches.input(BatchesQuery, location="query")
    @batches.output(BatchPage)
    @batches.doc(operation_id="listBatches", responses=problems())
    def list_batches(query_data: BatchesQuery) -> Response:
        """List batches

        Your batches, newest first, without erased ones. `counts` are told by the single batch only."""
        page = parts.batches.page(g.tenant, cursor=query_data.cursor, limit=query_data.limit)
        return wire_response(BatchPage(items=tuple(map(_view, page.batches)), next=page.next))

    @batches.get("/<batch_id>")
    @batches.output(BatchView)
    @batches.doc(operation_id="getBatch", responses=problems(404, 410))
    def get_batch(batch_id: str) -> Response:
        """Look at a batch"""
        return wire_response(_view(*parts.batches.batch(g.tenant, batch_id)))

    @batches.get("/<batch_id>/rows")
    @batches.input(RowsQuery, location="query")
    @batches.output(BatchRowPage)
    @batches.doc(operation_id="listBatchRows", responses=problems(404, 410))
    def list_batch_rows(batch_id: str, query_data: RowsQuery) -> Response:
        """List the rows of a batch

        In the order of their lines, with the job that each is."""
        state = RowState(query_data.status) if query_data.status is not None else None
        after, limit = after_of(query_data.cursor), query_data.limit
        rows = parts.batches.rows(g.tenant, batch_id, after=after, limit=limit + 1, state=state)
        following = str(rows[limit - 1].n) if len(rows) > limit else None
        return wire_response(BatchRowPage(items=tuple(map(_row_view, rows[:limit])), next=following))

    @batches.get("/<batch_id>/results")
    @batches.input(ResultsQuery, location="query")
    @batches.doc(
        operation_id="getBatchResults",
        responses={
            200: {
                "description": "The rows that have ended, in the order of their lines.",
                "headers": REQUEST_ID,
                "content": {MEDIA_TYPE: _RESULTS},
            },
            **problems(404, 410),
        },
    )
    def get_batch_results(batch_id: str, query_data: ResultsQuery) -> Response:
        """Fetch the results of a batch

        JSON lines, refused rows included. While the batch runs, what has ended so far."""
        gate.enter()
        try:
            rows = parts.batches.results(g.tenant, batch_id, query_data.after)
        except BaseException:
            gate.leave()
            raise
        response = Response(map(_line, rows), content_type=MEDIA_TYPE)
        response.headers["Cache-Control"] = "no-store"
        response.call_on_close(gate.leave)
        return response

    @batches.post("/<batch_id>/cancel")
    @batches.output(BatchView)
    @batches.doc(operation_id="cancelBatch", responses=problems(404, 410, 413))
    def cancel_batch(batch_id: str) -> Response:
        """Cancel a batch

        Rows that wait never run, queued jobs end at once or within seconds, running ones are told to stop.
        Results that are there are kept."""
        return wire_response(_view(*parts.batches.cancel(g.tenant, batch_id)))

    @batches.post("/<batch_id>/retry")
    @batches.output(BatchView)
    @batches.doc(operation_id="retryBatch", responses=problems(404, 409, 410, 413))
    def retry_batch(batch_id: str) -> Response:
        """Retry the failed rows of a batch

        Rows whose jobs failed or expired become new jobs; the old ones are erased. All others are kept."""
        return wire_response(_view(*parts.batches.retry(g.tenant, batch_id)))

    @batches.delete("/<batch_id>")
    @batches.doc(
        operation_id="eraseBatch",
        responses={
            202: {"description": "It is gone; its jobs are being erased.", "headers": header_docs()},
            **problems(404, 410, 413),
        },
    )
    def erase_batch(batch_id: str) -> Response:
        """Erase a batch

        Nobody finds it any more. Its jobs, whatever their state, and all that they made are erased one
        after the other: some thousands a second."""
        parts.batches.erase(g.tenant, batch_id)
        return Response(status=202)

    return batches


def _url(batch_id: str) -> str:
    return f"/v1/batches/{batch_id}"


def after_of(cursor: str | None) -> int:
    """Raises CursorInvalid."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 10 and int(cursor) < 2**31):
        raise CursorInvalid(
            "This cursor is not one of ours. Pass `next` of the previous page as it is, or leave it out.",
            field="query.cursor",
        )
    return int(cursor)


def counts_view(counts: BatchCounts) -> BatchCountsView:
    """How many rows stand where, as the API shows it."""
    return BatchCountsView(**{name: getattr(counts, name) for name in BatchCountsView.model_fields})


def _view(batch: Batch, counts: BatchCounts | None = None) -> BatchView:
    url = _url(batch.id)
    shown = counts_view(counts) if counts is not None else None
    return BatchView(
        id=batch.id,
        status=batch.state.value,
        rows=batch.rows,
        refused=batch.refused,
        counts=shown,
        created_at=batch.created_at,
        received_at=batch.received_at,
        canceled_at=batch.canceled_at,
        finished_at=batch.finished_at,
        expires_at=batch.expires_at,
        links=BatchLinks(
            self=url,
            rows=f"{url}/rows",
            results=f"{url}/results",
            cancel=f"{url}/cancel",
            retry=f"{url}/retry",
        ),
    )


def _row_view(row: BatchRow) -> BatchRowView:
    return BatchRowView(
        n=row.n, custom_id=row.custom_id, status=row.state.value, job=row.job_id, error=_error(row)
    )


def _line(row: BatchRow) -> str:
    """A result with its line's end."""
    result = BatchResult(
        n=row.n,
        custom_id=row.custom_id,
        status=row.state.value,
        job=row.job_id,
        error=_error(row),
        outputs=output_views(row.job) if row.job is not None else (),
        usage=usage_view(row.job) if row.job is not None else None,
    )
    return result.model_dump_json(by_alias=True) + "\n"


def _error(row: BatchRow) -> JobError | None:
    if row.error_code is not None:
        return JobError(code=row.error_code, message=row.error_message or "")
    if row.job is not None and row.job.error_code is not None:
        return JobError(code=row.job.error_code, message=row.job.error_message or "")
    if row.job_id is not None and row.job is None:
        return JobError(code="job_erased", message="The job of this row was erased; its result is gone.")
    return None
