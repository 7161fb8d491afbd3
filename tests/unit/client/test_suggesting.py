"""What is suggested to a reader: by words, by vectors, without what is far or said already."""

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import answers

from pressroom.client import ClientError, Item, NotSendable
from pressroom.client import words as client_words
from pressroom.client.suggesting import LEAST, Ranking, Suggestion, picked_reader
from pressroom.contract.jobs import MOST_TEXTS, JobView, ModelCard
from pressroom.domain.copy import ranking as domain_ranking
from pressroom.domain.copy.lexicon import root

Items = Sequence[Item | Mapping[str, str]]
NORTH, EAST, BETWEEN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.6, 0.8, 0.0)


def ranked(
    interests: Sequence[str],
    items: Items,
    vectors: Mapping[str, tuple[float, ...]] | None = None,
    top: int = 3,
    least: float | None = None,
) -> list[Suggestion]:
    ranking = Ranking({"": interests}, items, top=top, least=least)
    if vectors is not None:
        for texts in ranking.unread(["en"]):
            ranking.take(texts, [vectors[each] for each in texts])
    return ranking.suggestions()[""]


def titles(found: Sequence[Suggestion]) -> list[str]:
    return [each.item.title for each in found]


def items(*named: str) -> list[Item]:
    return [Item(title) for title in named]


# -- by words -----------------------------------------------------------------------------------------


def test_words_in_common_tell_how_near_it_is_and_the_title_counts_twice() -> None:
    found = ranked(
        ["Small kitchens", "herbs"],
        [Item("A day out", "Herbs of the hills."), Item("Small Kitchen's hooks"), Item("Rain")],
    )
    assert [(each.rank, each.interest, each.item.title, each.likeness, each.by) for each in found] == [
        (1, "Small kitchens", "Small Kitchen's hooks", 1.0, "words"),
        (2, "herbs", "A day out", 0.5, "words"),
    ]


def test_one_word_is_enough_and_one_that_says_nothing_is_not() -> None:
    assert titles(ranked(["travel by train"], items("Train set", "Poems by the sea"))) == ["Train set"]
    assert ranked(["all of it"], items("All of it")) == []


def test_chinese_signs_count_in_pairs() -> None:
    assert titles(ranked(["小厨房"], items("小说选", "厨房收纳"))) == ["厨房收纳"]
    assert titles(ranked(["灯"], items("落地灯", "木桌"))) == ["落地灯"]


def test_equals_stay_in_their_order_and_the_first_interest_is_named() -> None:
    found = ranked(["lamp", "light"], items("Lamp and light", "Light and shade", "Lamp and table"))
    assert titles(found) == ["Lamp and light", "Light and shade", "Lamp and table"]
    assert found[0].interest == "lamp"


@pytest.mark.parametrize(
    "again",
    [
        Item("  Drying\nherbs", "Cut  before noon."),
        Item("DRYING HERBS", "cut before noon.", "https://example.com/2"),
        Item("Something else on herbs", "", "https://example.com/1"),
        Item("Herbs, drying", "Before noon, cut."),
    ],
)
def test_what_is_there_twice_is_suggested_once(again: Item) -> None:
    first = Item("Drying herbs", "Cut before noon.", "https://example.com/1")
    assert ranked(["herbs"], [first, again]) == ranked(["herbs"], [first])


def test_words_are_those_of_the_domain() -> None:
    assert client_words.STOP == domain_ranking._STOP


@given(st.text(), st.sampled_from(["Kitchens", "one’s", "berries", "dishes", "glass", "bus", "boxes"]))
def test_roots_are_those_of_the_domain(text: str, word: str) -> None:
    for each in (text, word, text + word):
        assert client_words.root(each) == root(each)


@given(
    st.lists(st.sampled_from(["warm", "light", "oak", "the", "and", "lamps"])), st.text("abc the", max_size=9)
)
def test_words_in_common_are_those_of_the_domain(one: list[str], other: str) -> None:
    first = " ".join(one)
    assert client_words.in_common(
        client_words.said(first), client_words.said(other)
    ) == domain_ranking.words_in_common(first, other)


# -- by meaning ---------------------------------------------------------------------------------------


def test_the_cosine_is_how_near_it_is_and_what_is_far_is_left_out() -> None:
    vectors = {"a": NORTH, "Near": BETWEEN, "Nearer. With words": NORTH, "Far": EAST}
    found = ranked(["a"], [Item("Near"), Item("Nearer", "With words"), Item("Far")], vectors)
    assert [(each.item.title, each.by) for each in found] == [("Nearer", "meaning"), ("Near", "meaning")]
    assert [each.likeness for each in found] == pytest.approx([1.0, 0.6])
    assert ranked(["a"], items("Near"), vectors, least=0.61) == []


def test_vectors_of_any_length_are_compared_and_one_of_none_tells_nothing() -> None:
    vectors = {"a": (3.0, 0.0, 0.0), "b": (0.3, 0.4, 0.0), "Another a": (0.0, 0.0, 0.0)}
    found = ranked(["a"], items("b"), vectors)
    assert [each.likeness for each in found] == pytest.approx([0.6])
    assert ranked(["a"], items("Another a"), vectors) == [], "a is no word"
    assert [each.by for each in ranked(["another"], items("Another a"), {**vectors, "another": NORTH})] == [
        "words"
    ]


@pytest.mark.parametrize(("cosine", "kept"), [(LEAST + 0.001, 1), (LEAST - 0.001, 0)])
def test_the_threshold_keeps_what_reaches_it(cosine: float, kept: int) -> None:
    near = (cosine, (1 - cosine**2) ** 0.5, 0.0)
    assert len(ranked(["a"], items("b"), {"a": NORTH, "b": near})) == kept


def test_what_a_better_one_says_already_comes_behind_what_it_does_not() -> None:
    vectors = {
        "a": NORTH,
        "First": (0.8, 0.6, 0.0),
        "Nearly the first": (0.75, (1 - 0.75**2 - 0.09) ** 0.5, 0.3),
        "Another side": (0.7, -0.5, (1 - 0.49 - 0.25) ** 0.5),
    }
    found = ranked(["a"], items("Nearly the first", "Another side", "First"), vectors)
    assert titles(found) == ["First", "Another side"], "the same thing in other words is left out"
    vectors["Nearly the first"] = (0.75, 0.2, (1 - 0.75**2 - 0.04) ** 0.5)
    found = ranked(["a"], items("Nearly the first", "Another side", "First"), vectors)
    assert titles(found) == ["First", "Another side", "Nearly the first"]


def test_no_more_than_asked() -> None:
    found = ranked(["herbs"], items("Herbs one", "Herbs two", "Herbs three"), top=2)
    assert [each.rank for each in found] == [1, 2]


def test_a_text_that_the_model_does_not_speak_is_compared_by_its_words() -> None:
    vectors = {"lamp": NORTH, "Lamp": NORTH}
    found = ranked(["lamp", "香草"], items("Lamp", "香草茶", "木桌"), vectors)
    assert [(each.item.title, each.by) for each in found] == [("Lamp", "meaning"), ("香草茶", "words")]
    both = Ranking({"": ["香草"]}, items("香草茶"), top=3)
    assert list(both.unread(["en"])) == []
    assert list(both.unread(["en", "zh"])) == [["香草", "香草茶"]]
    assert list(both.unread([])) == [], "a model that names no language is taken for one of English"


# -- what is read -------------------------------------------------------------------------------------


def test_each_text_is_read_once_and_a_job_gets_no_more_than_it_takes() -> None:
    readers = {f"r{n}": ["herbs", f"hobby {n}"] for n in range(100)}
    ranking = Ranking(readers, items(*(f"Title {n}" for n in range(5_000))), top=1)
    read = list(ranking.unread(["en"]))
    assert [len(each) for each in read] == [MOST_TEXTS, MOST_TEXTS, 5_101 - 2 * MOST_TEXTS]
    texts = [text for each in read for text in each]
    assert len(set(texts)) == len(texts)


def test_long_texts_are_cut_and_a_jobs_body_stays_small() -> None:
    ranking = Ranking({"": ["herbs"]}, [Item(f"{n}", "é" * 9_000) for n in range(500)], top=1)
    read = list(ranking.unread(["en"]))
    sizes = [sum(len(text.encode()) for text in each) for each in read]
    assert len(read) > 2
    assert max(sizes) <= 500_000
    assert max(len(text) for each in read for text in each) == 2_000


@pytest.mark.parametrize(("interests", "given"), [([], ["A"]), (["", " \n"], ["A"]), (["a"], [])])
def test_nothing_is_read_where_there_is_nothing_to_compare(interests: list[str], given: list[str]) -> None:
    ranking = Ranking({"": interests}, items(*given), top=3)
    assert list(ranking.unread(["en"])) == []
    assert ranking.suggestions() == {"": []}


def test_interests_count_once_whatever_their_case() -> None:
    ranking = Ranking({"": ["Herbs", " herbs ", "HERBS"]}, items("Tea"), top=3)
    assert list(ranking.unread(["en"])) == [["Herbs", "Tea"]]


# -- what cannot be ranked, and what is written -------------------------------------------------------


def test_what_cannot_be_ranked_is_named() -> None:
    with pytest.raises(NotSendable, match="Item 2 has no title"):
        ranked(["a"], [{"title": "A"}, {"text": "b"}])
    with pytest.raises(NotSendable, match="list"):
        ranked("herbs", items("A"))
    with pytest.raises(NotSendable, match="top"):
        ranked(["a"], items("A"), top=0)


def test_the_job_gets_the_facts_that_there_are() -> None:
    (found,) = ranked(["herbs"], [{"title": "Drying herbs", "link": "https://example.com/1"}])
    assert found.text is None
    assert found.request(model="writer", voice="house", params={"n": 2}, job={"priority": 3}) == {
        "model": "writer",
        "input": {
            "writing": {
                "template": "content-suggestion",
                "facts": {"interest": "herbs", "title": "Drying herbs", "link": "https://example.com/1"},
                "voice": "house",
            }
        },
        "params": {"n": 2},
        "priority": 3,
    }
    (bare,) = ranked(["herbs"], items("Herbs"))
    assert "link" not in bare.request(model="m", template="mine")["input"]["writing"]["facts"]
    assert bare.written(JobView.model_validate_json(json.dumps(answers.text_job()))).text == "A blue mug."


def _card(name: str, kind: str, live: int) -> ModelCard:
    return ModelCard.model_validate(answers.card(name, kind, live_workers=live), strict=False)


def test_the_model_that_reads_is_one_that_a_worker_runs() -> None:
    url = "http://front.test"
    cards = [_card("writer", "text", 1), _card("far", "embedding", 0), _card("near", "embedding", 1)]
    assert picked_reader(cards, None, None, url) == cards[2]
    assert picked_reader(cards[:2], None, None, url) is None
    assert picked_reader(cards[:2], "meaning", None, url) == cards[1]
    assert picked_reader(cards, "words", "near", url) is None
    named = picked_reader(cards, None, "far@1", url)
    assert named is not None
    assert named.name == "far@1"
    with pytest.raises(ClientError, match="no embedding model"):
        picked_reader(cards[:1], "meaning", None, url)
    with pytest.raises(ClientError, match="no embedding model writer"):
        picked_reader(cards, None, "writer", url)
