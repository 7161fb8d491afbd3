"""The client's feeds against a running front: in, waited for, decided about, out."""

from collections.abc import Iterator

import pytest
from tests.support.mini_stack import MiniStack

from pressroom.client import ApiProblem, Client, TimedOut, best

PLAN = {"outputs": [{"template": "seo-title"}, {"template": "meta-description"}], "params": {"n": 2}}
TABLE = "id,title\na-1,Oslo Lamp\na-2,Größe – 灯\na-3,\n".encode()


@pytest.fixture
def client(stack: MiniStack) -> Iterator[Client]:
    with Client(stack.url, stack.key) as made:
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
    pieces = list(client.feeds.pieces(feed.id))
    assert [(each.n, each.key) for each in pieces][:4] == [(1, "a-1"), (2, "a-1"), (3, "a-2"), (4, "a-2")]
    assert client.feeds.export(feed.id).decode("utf-8-sig").splitlines() == ["id,seo_title,meta_description"]
    assert client.feeds.decide(feed.id, "approved", [1, 2]) == 2
    _, line = client.feeds.export(feed.id).decode("utf-8-sig").splitlines()
    assert line.startswith("a-1,")
    assert client.feeds.export(feed.id, form="jsonl", which="all", columns=["seo_title"]).count(b"\n") == 2
    assert client.feeds.export(feed.id, form="zip", which="all").startswith(b"PK")


def test_the_same_key_is_the_same_feed(client: Client) -> None:
    first = client.feeds.post(TABLE, PLAN, idempotency_key="once")
    assert client.feeds.post(TABLE, PLAN, idempotency_key="once").id == first.id


def test_what_is_wrong_is_told_as_anywhere(client: Client) -> None:
    with pytest.raises(ApiProblem) as wrong:
        client.feeds.post(b"id,name2\n1,x\n", PLAN)
    assert wrong.value.code == "input_invalid"


def test_waiting_ends_in_time_and_the_feed_goes_on() -> None:
    with MiniStack(worker=False) as idle, Client(idle.url, idle.key) as client:
        feed = client.feeds.post(TABLE, PLAN)
        with pytest.raises(TimedOut, match="goes on"):
            client.feeds.wait(feed.id, 0.1)
        assert client.feeds.get(feed.id).status == "running"


def test_a_text_is_written_by_a_template_and_the_best_is_picked(client: Client) -> None:
    job = client.write("meta-description", {"title": "Oslo Lamp"}, n=2, seed=4, timeout_s=30)
    assert job.input.writing is not None
    assert best(job).text == job.outputs[0].text
