"""The feeds of both clients against a running front: in, waited for, decided about, out."""

import json
from collections.abc import Iterator

import pytest
from tests.support.awaited import Opened
from tests.support.mini_stack import MiniStack

from pressroom.client import ApiProblem, Client, TimedOut, best
from pressroom.contract.feeds import FeedOutput, FeedPlan

PLAN = {"outputs": [{"template": "seo-title"}, {"template": "meta-description"}], "params": {"n": 2}}
TABLE = "id,title\na-1,Oslo Lamp\na-2,Größe – 灯\na-3,\n".encode()


@pytest.fixture
def client(stack: MiniStack, opened: Opened) -> Iterator[Client]:
    with opened(stack) as made:
        yield made


def test_a_feed_goes_in_and_comes_out(client: Client) -> None:
    feed = client.feeds.post(TABLE, PLAN)
    feed = client.feeds.wait(feed.id, 30)
    assert (feed.status, feed.pieces, feed.counts.refused, feed.columns) == (
        "finished",
        6,
        2,
        ("seo_title", "meta_description"),
    )
    assert client.feeds.get(feed.id) == feed
    pieces = list(client.feeds.pieces(feed.id))
    assert [(each.n, each.key) for each in pieces][:4] == [(1, "a-1"), (2, "a-1"), (3, "a-2"), (4, "a-2")]
    assert client.feeds.export(feed.id).decode("utf-8-sig").splitlines() == ["id,seo_title,meta_description"]
    assert client.feeds.decide(feed.id, "approved", [1, 2]) == 2
    _, line = client.feeds.export(feed.id).decode("utf-8-sig").splitlines()
    assert line.startswith("a-1,")
    assert client.feeds.export(feed.id, form="jsonl", which="all", columns=["seo_title"]).count(b"\n") == 2
    assert client.feeds.export(feed.id, form="zip", which="all").startswith(b"PK")


def test_all_that_is_ready_is_decided_about_at_once(client: Client) -> None:
    feed = client.feeds.wait(client.feeds.post(TABLE, PLAN).id, 30)
    ready = [each.n for each in client.feeds.pieces(feed.id) if each.status == "ready"]
    assert client.feeds.decide(feed.id, "approved") == len(ready)
    assert client.feeds.decide(feed.id, "approved") == 0
    assert [each.n for each in client.feeds.pieces(feed.id) if each.status == "approved"] == ready


def test_lines_of_json_and_a_plan_of_types_go_in_too(client: Client) -> None:
    plan = FeedPlan(outputs=(FeedOutput(template="seo-title", facts={"title": "what"}, column="Titel"),))
    table = b"".join(json.dumps({"id": n, "what": f"Lamp {n}"}).encode() + b"\n" for n in (1, 2))
    feed = client.feeds.post(table, plan, name='lam"pen \udcff灯.jsonl')
    assert (feed.key, feed.columns, feed.pieces) == ("id", ("Titel",), 2)


def test_all_pieces_are_there_whatever_the_length_of_a_page(opened: Opened) -> None:
    table = b"id,title\n" + b"".join(f"a-{n},Lamp {n}\n".encode() for n in range(60))
    with MiniStack(worker=False) as idle, opened(idle) as client:
        feed = client.feeds.post(table, PLAN)
        assert [each.n for each in client.feeds.pieces(feed.id)] == list(range(1, 121))


def test_the_same_key_is_the_same_feed(client: Client, request: pytest.FixtureRequest) -> None:
    key = request.node.name
    first = client.feeds.post(TABLE, PLAN, idempotency_key=key)
    assert client.feeds.post(TABLE, PLAN, idempotency_key=key).id == first.id
    with pytest.raises(ApiProblem) as reused:
        client.feeds.post(TABLE + b"a-4,Cup\n", PLAN, idempotency_key=key)
    assert reused.value.code == "idempotency_key_reused"


def test_what_is_wrong_is_told_as_anywhere(client: Client) -> None:
    with pytest.raises(ApiProblem) as wrong:
        client.feeds.post(b"id,name2\n1,x\n", PLAN)
    assert wrong.value.code == "input_invalid"
    for call in (
        lambda: client.feeds.get("batch_none"),
        lambda: list(client.feeds.pieces("batch_none")),
        lambda: client.feeds.decide("batch_none", "approved"),
        lambda: client.feeds.export("batch_none"),
        lambda: client.feeds.wait("batch_none"),
    ):
        with pytest.raises(ApiProblem) as unknown:
            call()
        assert unknown.value.code == "batch_unknown"


def test_waiting_ends_in_time_and_the_feed_goes_on(opened: Opened) -> None:
    with MiniStack(worker=False) as idle, opened(idle) as client:
        feed = client.feeds.post(TABLE, PLAN)
        with pytest.raises(TimedOut, match=r"^Feed .* goes on"):
            client.feeds.wait(feed.id, 0.1)
        assert client.feeds.get(feed.id).status == "running"


def test_a_text_is_written_by_a_template_and_the_best_is_picked(client: Client) -> None:
    job = client.write("meta-description", {"title": "Oslo Lamp"}, n=2, seed=4, timeout_s=30)
    assert job.input.writing is not None
    assert best(job).text == job.outputs[0].text
