"""Suggestions of both clients against a running front: read, ranked, written about."""

import math
from collections.abc import Iterator

import pytest
from tests.support import mini_worker
from tests.support.awaited import Opened
from tests.support.mini_stack import MiniStack

from pressroom.client import ApiProblem, Client, ClientError, Item, JobFailed

READER = "all-minilm-l6-v2"
ITEMS = [
    Item("Ten hooks", "For small kitchens.", "https://example.com/hooks"),
    Item("Drying herbs", "Cut before noon."),
    Item("Night trains", "To the sea."),
]
# What the worker of these tests reads in a text: how often it has these; cookery is of kitchens, plants are herbs.
_TOPICS = ("kitchen", "herb", "train", "cookery", "plant")


def _by_topic(text: str, width: int) -> list[float]:
    kitchen, herb, train, cookery, plant = (float(text.casefold().count(topic)) for topic in _TOPICS)
    told = [kitchen + cookery, herb + plant, train]
    told.append(0.0 if any(told) else 1.0)
    return [each / math.hypot(*told) for each in told] + [0.0] * (width - len(told))


@pytest.fixture(scope="module")
def stack() -> Iterator[MiniStack]:
    """One whose vectors are near where the topic is."""
    with pytest.MonkeyPatch.context() as patch, MiniStack() as made:
        patch.setattr(mini_worker, "numbers_of", _by_topic)
        yield made


@pytest.fixture
def client(stack: MiniStack, opened: Opened) -> Iterator[Client]:
    with opened(stack) as made:
        yield made


def readings(client: Client) -> int:
    return sum(1 for _ in client.jobs(model=READER))


def test_the_nearest_by_meaning_come_first_and_the_far_are_left_out(client: Client) -> None:
    before = readings(client)
    found = client.rank(["cookery", "plants"], ITEMS)
    assert [(each.rank, each.item.title, each.interest, each.by) for each in found] == [
        (1, "Ten hooks", "cookery", "meaning"),
        (2, "Drying herbs", "plants", "meaning"),
    ]
    assert all(each.likeness == pytest.approx(1.0) and each.job is None for each in found)
    assert readings(client) == before + 1, "all texts are read by one job"


def test_words_tell_it_where_they_are_asked_to(client: Client) -> None:
    before = readings(client)
    found = client.rank(["cookery", "herbs", "trains"], ITEMS, by="words", top=1)
    assert [(each.item.title, each.interest, each.by) for each in found] == [
        ("Drying herbs", "herbs", "words")
    ]
    assert readings(client) == before


def test_words_tell_it_where_no_worker_reads(opened: Opened) -> None:
    with MiniStack(worker=False) as idle, opened(idle) as client:
        assert [each.by for each in client.rank(["herbs"], ITEMS)] == ["words"]
        assert list(client.jobs()) == []


def test_what_several_readers_share_is_read_once(client: Client) -> None:
    before = readings(client)
    found = client.rank_all(
        {"ann": ["cookery"], "bo": ["plants", "cookery"], "cy": ["opera"], "di": []}, ITEMS
    )
    assert {name: [each.item.title for each in mine] for name, mine in found.items()} == {
        "ann": ["Ten hooks"],
        "bo": ["Ten hooks", "Drying herbs"],
        "cy": [],
        "di": [],
    }
    assert readings(client) == before + 1


def test_more_than_a_job_takes_is_read_by_several(client: Client) -> None:
    before = readings(client)
    many = [Item(f"Title {n}") for n in range(2_100)]
    found = client.rank(["plants"], [*many, Item("The last herb")])
    assert [each.item.title for each in found] == ["The last herb"]
    assert readings(client) == before + 2


def test_a_sentence_is_written_about_each(client: Client) -> None:
    found = client.suggest(
        ["cookery", "plants"], ITEMS, top=2, n=2, seed=3, job={"priority": 3}, timeout_s=30
    )
    assert len(found) == 2
    for each in found:
        assert each.job is not None
        assert (each.job.status, each.job.priority, each.job.params.n) == ("succeeded", 3, 2)  # type: ignore[union-attr]
        writing = each.job.input.writing
        assert writing is not None
        assert writing.template.startswith("content-suggestion@")
        assert (writing.facts["title"], writing.facts["interest"]) == (each.item.title, each.interest)
        assert writing.facts.get("link", "") == each.item.link
        assert each.text == each.job.outputs[0].text


def test_nothing_is_written_where_nothing_fits(client: Client) -> None:
    before = len(list(client.jobs(model="smollm2-135m-instruct")))
    assert client.suggest(["opera"], ITEMS) == []
    assert client.suggest([], ITEMS) == []
    assert len(list(client.jobs(model="smollm2-135m-instruct"))) == before


def test_what_is_wrong_is_told_as_anywhere(client: Client) -> None:
    with pytest.raises(ApiProblem) as unknown:
        client.suggest(["herbs"], ITEMS, template="no-such-template")
    assert unknown.value.code == "template_unknown"
    with pytest.raises(ClientError, match="no embedding model"):
        client.rank(["herbs"], ITEMS, embedding="no-such-model")


def test_texts_are_cut_where_a_model_cannot_read_them_whole(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mini_worker, "MOST_READ", -1)
    assert len(client.rank(["herbs"], ITEMS)) == 1
    with pytest.raises(JobFailed):
        client.embed(["herbs"])
