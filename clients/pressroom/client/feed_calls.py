"""Each call about feeds as data, for the client that blocks and the one that is awaited; as ``calls`` has the others. No I/O here."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from pressroom.client.answers import parse
from pressroom.client.calls import Call, as_json
from pressroom.client.errors import NotSendable
from pressroom.contract.feedback import Decision
from pressroom.contract.feeds import Decided, FeedPlan, FeedView, PiecePage

ExportForm = Literal["csv", "jsonl", "zip"]
ExportWhich = Literal["approved", "ready", "all"]

# How often a feed that is waited for is looked at.
LOOK_S = 0.5
# A server stores all rows of a feed, or reads them, before its answer is whole.
_PATIENCE_S = 300.0


def post(
    table: bytes, plan: FeedPlan | Mapping[str, Any], *, name: str, idempotency_key: str | None
) -> Call[FeedView]:
    """``POST /v1/feeds``. The key is made here when none is given, once for all tries. Raises NotSendable."""
    told = plan.model_dump(mode="json", exclude_none=True) if isinstance(plan, FeedPlan) else plan
    boundary = uuid.uuid4().hex
    return Call(
        "POST",
        "/v1/feeds",
        lambda answer: parse(FeedView, answer.body),
        headers={
            "content-type": f"multipart/form-data; boundary={boundary}",
            "idempotency-key": idempotency_key or uuid.uuid4().hex,
        },
        body=_form(boundary, as_json(told), table, name),
        patience_s=_PATIENCE_S,
    )


def get(feed_id: str) -> Call[FeedView]:
    return Call("GET", _of(feed_id), lambda answer: parse(FeedView, answer.body))


def pieces(feed_id: str, cursor: str | None) -> Call[PiecePage]:
    query = [("cursor", cursor)] if cursor else []
    return Call("GET", _of(feed_id, "/pieces"), lambda answer: parse(PiecePage, answer.body), query=query)


def decide(feed_id: str, decision: Decision, numbers: Sequence[int] | None) -> Call[Decided]:
    """About all that are ready where no ``numbers`` are given."""
    body: dict[str, Any] = {"decision": decision}
    body |= {"all_ready": True} if numbers is None else {"pieces": list(numbers)}
    return Call(
        "POST",
        _of(feed_id, "/decisions"),
        lambda answer: parse(Decided, answer.body),
        headers={"content-type": "application/json"},
        body=as_json(body),
        patience_s=_PATIENCE_S,
    )


def export(
    feed_id: str, *, form: ExportForm, which: ExportWhich, columns: Sequence[str] | None
) -> Call[bytes]:
    query: list[tuple[str, str]] = [("form", form), ("which", which)]
    query += [("columns", ",".join(columns))] if columns else []
    return Call(
        "GET", _of(feed_id, "/export"), lambda answer: answer.body, query=query, patience_s=_PATIENCE_S
    )


def _of(feed_id: str, rest: str = "") -> str:
    if not feed_id:
        raise NotSendable("The feed's id is empty. Pass the id that the post returned.")
    return f"/v1/feeds/{quote(feed_id, safe='')}{rest}"


def _form(boundary: str, plan: bytes, table: bytes, name: str) -> bytes:
    plain = name.replace('"', "").replace("\r", "").replace("\n", "")
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="plan"\r\n\r\n'.encode(),
        plan,
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="feed"; filename="{plain}"\r\n'
        # A file's name may hold what is no text: bytes that its disk had.
        "Content-Type: application/octet-stream\r\n\r\n".encode(errors="replace"),
        table,
        f"\r\n--{boundary}--\r\n".encode(),
    )
    return b"".join(parts)
