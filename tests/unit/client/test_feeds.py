"""``client.feeds`` of both clients before a scripted server: tries, waiting, and what cannot be sent."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.support import answers
from tests.support.answers import BATCH_ID, Script, Time, answer, problem
from tests.support.awaited import blocking

from pressroom.client import AsyncClient, BadAnswer, Client, NotSendable, RetryPolicy, TimedOut
from pressroom.client.asynchronous import AsyncPace

POST = "POST /v1/feeds"
FEED = f"GET /v1/feeds/{BATCH_ID}"
PLAN: dict[str, Any] = {"outputs": [{"template": "seo-title"}]}


def feed(status: str = "running") -> httpx.Response:
    batch = answers.batch(status)
    told = {name: batch[name] for name in ("id", "status", "counts", "created_at", "finished_at")}
    return answer({**told, "plan": PLAN, "key": "id", "columns": ["seo_title"], "pieces": 2})


@pytest.fixture(params=["blocking", "awaited"])
def client(request: pytest.FixtureRequest, client: Client, script: Script, time: Time) -> Iterator[Client]:
    """Of both kinds."""
    if request.param == "blocking":
        yield client
        return

    async def sleep(seconds: float) -> None:
        time.sleep(seconds)
        await asyncio.sleep(0)

    with blocking(
        lambda: AsyncClient(
            "http://front.test",
            "pr_0123456789ab_secret",
            retry=RetryPolicy(tries=4, budget_s=60),
            transport=httpx.MockTransport(script),
            pace=AsyncPace(sleep, time.clock),
        )
    ) as made:
        yield made


def test_a_lost_answer_makes_no_second_feed(client: Client, script: Script) -> None:
    script.on(POST, httpx.ReadError("cut"), problem(503, "busy", "Later."), feed())
    client.feeds.post(b"id,title\n1,x\n", PLAN)
    sent = script.sent(POST)
    assert len(sent) == 3
    assert len({(each.headers["idempotency-key"], each.content) for each in sent}) == 1


def test_a_feed_is_waited_for_no_longer_than_asked(client: Client, script: Script, time: Time) -> None:
    script.on(FEED, feed(), feed(), feed("finished"))
    assert client.feeds.wait(BATCH_ID).status == "finished"
    assert time.slept == [0.5, 0.5]
    time.slept.clear()
    script.on(FEED, feed())
    with pytest.raises(TimedOut, match=r"1\.2 s"):
        client.feeds.wait(BATCH_ID, 1.2)
    assert time.slept == pytest.approx([0.5, 0.5, 0.2])
    time.slept.clear()
    with pytest.raises(TimedOut):
        client.feeds.wait(BATCH_ID, 0)
    assert time.slept == []


def test_a_feed_that_has_ended_is_never_too_late(client: Client, script: Script) -> None:
    script.on(FEED, feed("finished"))
    assert client.feeds.wait(BATCH_ID, 0).status == "finished"


def test_pages_follow_one_another(client: Client, script: Script) -> None:
    def piece(n: int) -> dict[str, Any]:
        return {"n": n, "row": n, "key": "a", "column": "c", "status": "waiting"}

    path = f"{FEED}/pieces"
    pages = answer({"items": [piece(1)], "next": "1"}), answer({"items": [piece(2)], "next": None})
    script.on(path, *pages)
    assert [each.n for each in client.feeds.pieces(BATCH_ID)] == [1, 2]
    assert [each.url.query for each in script.sent(path)] == [b"", b"cursor=1"]
    script.requests.clear()
    script.on(path, *pages)
    assert next(iter(client.feeds.pieces(BATCH_ID))).n == 1
    assert len(script.sent(path)) == 1, "the second page was fetched before it was needed"


def test_ids_stay_one_part_of_the_path_and_columns_one_value(client: Client, script: Script) -> None:
    script.on("GET /v1/feeds/a/b?c/export", httpx.Response(200, content=b"x"))
    assert client.feeds.export("a/b?c", columns=["Body (HTML)", "Größe"]) == b"x"
    (request,) = script.requests
    assert request.url.raw_path.startswith(b"/v1/feeds/a%2Fb%3Fc/export?")
    assert request.url.params["columns"] == "Body (HTML),Größe"


def test_what_cannot_be_sent_is_not(client: Client, script: Script) -> None:
    for call in (
        lambda: client.feeds.get(""),
        lambda: client.feeds.wait(""),
        lambda: list(client.feeds.pieces("")),
        lambda: client.feeds.decide("", "approved"),
        lambda: client.feeds.export(""),
        lambda: client.feeds.post(b"a\n1\n", {"outputs": [object()]}),
        lambda: client.feeds.post(b"a\n1\n", {"params": {"temperature": float("nan")}}),
    ):
        with pytest.raises(NotSendable):
            call()
    assert script.requests == []


def test_an_answer_that_is_none_is_told(client: Client, script: Script) -> None:
    script.on(FEED, answer({"hello": "there"}))
    with pytest.raises(BadAnswer):
        client.feeds.get(BATCH_ID)
