"""``client.feeds``: a table of products in, copy and pictures for each row out.

feed = pressroom.feeds.post(Path("products.csv").read_bytes(), {"outputs": [{"template": "seo-title"}]})
feed = pressroom.feeds.wait(feed.id)
pressroom.feeds.decide(feed.id, "approved")
Path("feed.csv").write_bytes(pressroom.feeds.export(feed.id))
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from pressroom.client.answers import Answer, parse
from pressroom.client.calls import Call, as_json
from pressroom.client.courier import Courier
from pressroom.client.errors import TimedOut
from pressroom.contract.feedback import Decision
from pressroom.contract.feeds import Decided, FeedPlan, FeedView, PiecePage, PieceView

_LOOK_S = 0.5


class Feeds:
    """Every call may raise what the client's other calls do; see ``pressroom.client.errors``."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    def post(
        self,
        table: bytes,
        plan: FeedPlan | Mapping[str, Any],
        *,
        name: str = "feed.csv",
        idempotency_key: str | None = None,
    ) -> FeedView:
        """Post a table: CSV, or a JSON object a line where ``name`` ends with ``.jsonl``. Made once, however often it is sent."""
        told = plan.model_dump(mode="json", exclude_none=True) if isinstance(plan, FeedPlan) else dict(plan)
        boundary = uuid.uuid4().hex
        call = Call(
            "POST",
            "/v1/feeds",
            _feed,
            headers={
                "content-type": f"multipart/form-data; boundary={boundary}",
                "idempotency-key": idempotency_key or uuid.uuid4().hex,
            },
            body=_form(boundary, json.dumps(told), table, name),
            patience_s=300,
        )
        return self._courier.send(call)

    def get(self, feed_id: str) -> FeedView:
        """As it stands."""
        return self._courier.send(Call("GET", _of(feed_id), _feed))

    def wait(self, feed_id: str, timeout_s: float | None = None) -> FeedView:
        """The feed once nothing of it waits or runs. Raises TimedOut; it goes on then."""
        pace = self._courier.pace
        until = None if timeout_s is None else pace.clock() + timeout_s
        while (feed := self.get(feed_id)).finished_at is None:
            if until is not None and pace.clock() >= until:
                raise TimedOut(feed_id, timeout_s or 0.0, "Feed")
            pace.sleep(_LOOK_S)
        return feed

    def pieces(self, feed_id: str) -> Iterator[PieceView]:
        """All of them, row by row; pages are fetched as they are needed."""
        query: tuple[tuple[str, str], ...] = ()
        while True:
            page = self._courier.send(Call("GET", _of(feed_id, "/pieces"), _page, query=query))
            yield from page.items
            if page.next is None:
                return
            query = (("cursor", page.next),)

    def decide(self, feed_id: str, decision: Decision, pieces: Sequence[int] | None = None) -> int:
        """About pieces by their ``n``, or about all that are ready; how many it was."""
        body: dict[str, Any] = {"decision": decision}
        body |= {"all_ready": True} if pieces is None else {"pieces": list(pieces)}
        call = Call(
            "POST",
            _of(feed_id, "/decisions"),
            lambda answer: parse(Decided, answer.body),
            headers={"content-type": "application/json"},
            body=as_json(body),
            patience_s=300,
        )
        return self._courier.send(call).decided

    def export(
        self,
        feed_id: str,
        *,
        form: Literal["csv", "jsonl", "zip"] = "csv",
        which: Literal["approved", "ready", "all"] = "approved",
        columns: Sequence[str] | None = None,
    ) -> bytes:
        """What can go out so far."""
        query: list[tuple[str, str]] = [("form", form), ("which", which)]
        query += [("columns", ",".join(columns))] if columns else []
        return self._courier.send(
            Call("GET", _of(feed_id, "/export"), lambda answer: answer.body, query=query, patience_s=300)
        )


def _of(feed_id: str, suffix: str = "") -> str:
    return f"/v1/feeds/{quote(feed_id, safe='')}{suffix}"


def _form(boundary: str, plan: str, table: bytes, name: str) -> bytes:
    plain = name.replace('"', "").replace("\r", "").replace("\n", "")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="plan"\r\n\r\n{plan}\r\n--{boundary}\r\n'
    head += f'Content-Disposition: form-data; name="feed"; filename="{plain}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return head.encode() + table + f"\r\n--{boundary}--\r\n".encode()


def _feed(answer: Answer) -> FeedView:
    return parse(FeedView, answer.body)


def _page(answer: Answer) -> PiecePage:
    return parse(PiecePage, answer.body)
