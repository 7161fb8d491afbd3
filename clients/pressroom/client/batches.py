"""``client.batches``: many jobs posted as one, and their results as one.

batch = pressroom.batches.post(Path("products.jsonl"), model="smollm2-135m-instruct")
pressroom.batches.wait(batch.id)
for result in pressroom.batches.results(batch.id):
    print(result.custom_id, result.outputs[0].text if result.outputs else result.error)

Bodies and results of any length pass through in pieces.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack
from urllib.parse import quote

from pressroom.client.answers import Answer, parse
from pressroom.client.calls import Call, as_json
from pressroom.client.courier import Courier
from pressroom.client.errors import BadAnswer, ClientError, NotSendable, TimedOut
from pressroom.client.retry import worth_repeating
from pressroom.contract.batches import (
    BatchPage,
    BatchResult,
    BatchRowPage,
    BatchRowView,
    BatchView,
    RowStateName,
)
from pressroom.contract.jobs import JobRequest

NDJSON = "application/x-ndjson"
_CHUNK = 65_536
# A server stores the last page of rows before it answers, and may have to wait for its database.
_PATIENCE_S = 120.0
_SILENCE_S = 60.0

Row = Mapping[str, Any] | JobRequest
Rows = Path | Iterable[Row] | Callable[[], Iterable[Row]]


class RowDefaults(TypedDict, total=False):
    """What a row has that does not say otherwise."""

    model: str
    priority: int
    deadline_s: int
    result_ttl_s: int


class Batches:
    """Every call may raise what the client's other calls do; see ``pressroom.client.errors``."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    def post(
        self, rows: Rows, *, idempotency_key: str | None = None, **defaults: Unpack[RowDefaults]
    ) -> BatchView:
        """Post a batch. ``rows``: a file of JSON lines, or requests with a ``custom_id`` each if you like.

        The rows are read anew for each try, so a generator is given as the function that makes it. The
        same key is sent with each, so that there is one batch. Rows that are wrong are refused by
        themselves: see ``refused``, and ``rows(…, status="refused")``. Raises NotSendable, OSError."""
        if isinstance(rows, Iterator):
            raise NotSendable(
                "A generator can be read only once, but a body may have to be sent again. Pass the function "
                "that makes it, or a list."
            )
        headers = {"content-type": NDJSON, "idempotency-key": idempotency_key or uuid.uuid4().hex}
        return self._courier.send(
            Call(
                "POST",
                "/v1/batches",
                _view,
                query=[(name, str(value)) for name, value in defaults.items() if value is not None],
                headers=headers,
                body=lambda: _body(rows),
                patience_s=_PATIENCE_S,
            )
        )

    def get(self, batch_id: str) -> BatchView:
        """The batch as it is now, with its counts."""
        return self._courier.send(Call("GET", _of(batch_id), _view))

    def list(self) -> Iterator[BatchView]:
        """Your batches, newest first; pages are fetched as they are needed."""
        query: tuple[tuple[str, str], ...] = ()
        while True:
            page = self._courier.send(Call("GET", "/v1/batches", _page, query=query))
            yield from page.items
            if page.next is None:
                return
            query = (("cursor", page.next),)

    def rows(self, batch_id: str, *, status: RowStateName | None = None) -> Iterator[BatchRowView]:
        """The rows in order; pages are fetched as they are needed."""
        asked = (("status", status),) if status is not None else ()
        query: tuple[tuple[str, str], ...] = asked
        while True:
            page = self._courier.send(Call("GET", _of(batch_id, "/rows"), _row_page, query=query))
            yield from page.items
            if page.next is None:
                return
            query = (*asked, ("cursor", page.next))

    def results(self, batch_id: str, after: int = 0) -> Iterator[BatchResult]:
        """The rows behind row ``after`` that have ended, in order, as they come over the wire; a
        connection that is cut is resumed behind the last row that was whole."""
        pauses = self._courier.pauses()
        while True:
            try:
                for line in self._result_lines(batch_id, after):
                    result = parse(BatchResult, line)
                    after = result.n
                    pauses.reset()
                    yield result
                return
            except ClientError as error:
                pause = pauses.next(error.retry_after_s) if worth_repeating(error) else None
                if pause is None:
                    raise
                self._courier.pace.sleep(pause)

    def wait(self, batch_id: str, timeout_s: float | None = None, *, poll_s: float = 2.0) -> BatchView:
        """The batch when its last row has ended, in whatever state. Raises TimedOut; it then goes on."""
        clock = self._courier.pace.clock
        began = clock()
        while (batch := self.get(batch_id)).finished_at is None:
            left = poll_s if timeout_s is None else min(poll_s, began + timeout_s - clock())
            if left <= 0:
                raise TimedOut(batch_id, timeout_s or 0.0, "Batch")
            self._courier.pace.sleep(left)
        return batch

    def cancel(self, batch_id: str) -> BatchView:
        """What waits never runs, what is queued ends, what runs is told to stop. Results are kept."""
        return self._courier.send(Call("POST", _of(batch_id, "/cancel"), _view))

    def retry(self, batch_id: str) -> BatchView:
        """Have the rows made anew whose jobs failed or ran out of time."""
        return self._courier.send(Call("POST", _of(batch_id, "/retry"), _view))

    def erase(self, batch_id: str) -> None:
        """Remove the batch, its jobs and all that they made, for good."""
        self._courier.send(
            Call("DELETE", _of(batch_id), lambda answer: None, done_if_repeated=frozenset({410}))
        )

    def _result_lines(self, batch_id: str, after: int) -> Iterator[bytes]:
        path = _of(batch_id, f"/results?after={after}")
        held = b""
        with self._courier.opened(path, NDJSON, {}, _SILENCE_S) as response:
            for chunk in response.iter_bytes():
                *lines, held = (held + chunk).split(b"\n")
                yield from lines
        if held:
            raise BadAnswer("The results end in the middle of a line. Fetch them again.")


def _body(rows: Rows) -> Iterator[bytes]:
    if isinstance(rows, Path):
        with rows.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
        return
    for row in rows() if callable(rows) else rows:
        yield as_json(row) + b"\n"


def _view(answer: Answer) -> BatchView:
    return parse(BatchView, answer.body)


def _page(answer: Answer) -> BatchPage:
    return parse(BatchPage, answer.body)


def _row_page(answer: Answer) -> BatchRowPage:
    return parse(BatchRowPage, answer.body)


def _of(batch_id: str, rest: str = "") -> str:
    if not batch_id:
        raise NotSendable("The batch's id is empty. Pass the id that the post returned.")
    return f"/v1/batches/{quote(batch_id, safe='')}{rest}"
