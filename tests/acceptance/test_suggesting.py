"""Suggestions with the real models in real processes: an order that a person expects, and sentences in which the facts stand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.press import Press, press
from tests.support.reading_list import ABOUT_NOTHING_HERE, ARTICLES, FITS, LATER_ARTICLES, LATER_FITS

from pressroom.client import Item

pytestmark = [pytest.mark.redis, pytest.mark.model, pytest.mark.timeout(180)]

ITEMS = [Item(title, text) for title, text in ARTICLES]
# It says what an article says already.
RETOLD = Item("Thyme and sage, dried", "Cut before noon, hang them in the shade, keep them in a jar.")


@pytest.fixture
def whole(
    text_model: Path, embedding_model: Path, sqlite_url: str, redis_url: str, tmp_path: Path
) -> Iterator[Press]:
    assert embedding_model.parent == text_model.parent
    with press(sqlite_url, redis_url, tmp_path, engine="real", models_dir=str(text_model.parent)) as made:
        made.front()
        made.processes.worker()
        yield made


def _titles(
    whole: Press, articles: tuple[tuple[str, str], ...], fits: dict[str, tuple[str, ...]]
) -> dict[str, list[str]]:
    """What is suggested for each interest by itself."""
    found = whole.client().rank_all(
        {each: [each] for each in (*fits, *ABOUT_NOTHING_HERE)},
        [Item(title, text) for title, text in articles],
        by="meaning",
        timeout_s=120,
    )
    return {interest: [each.item.title for each in mine] for interest, mine in found.items()}


def test_what_is_near_by_meaning_comes_in_the_order_that_a_person_expects(whole: Press) -> None:
    titles = _titles(whole, ARTICLES, FITS)
    for interest, fits in FITS.items():
        assert titles[interest][0] in fits, (interest, titles[interest])
    assert titles["small kitchens"][0] == "A galley made wider by a shelf"
    for interest in ("small kitchens", "herbs", "baking bread", "astronomy", "pets"):
        assert sorted(titles[interest]) == sorted(FITS[interest])
    assert [titles[each] for each in ABOUT_NOTHING_HERE] == [[]] * len(ABOUT_NOTHING_HERE)


@pytest.mark.parametrize(
    ("articles", "fits", "kept", "wrong"),
    [(ARTICLES, FITS, 19, 1), (LATER_ARTICLES, LATER_FITS, 13, 3)],
    ids=["chosen-by", "later"],
)
def test_the_threshold_keeps_what_was_measured(
    whole: Press,
    articles: tuple[tuple[str, str], ...],
    fits: dict[str, tuple[str, ...]],
    kept: int,
    wrong: int,
) -> None:
    titles = _titles(whole, articles, fits)
    found = {(interest, title) for interest in titles for title in titles[interest]}
    fitting = {(interest, title) for interest in fits for title in fits[interest]}
    # One more or less is another processor's arithmetic.
    assert abs(len(found & fitting) - kept) <= 1
    assert abs(len(found - fitting) - wrong) <= 1


def test_two_that_say_the_same_are_not_both_suggested_and_each_interest_has_its_turn(whole: Press) -> None:
    found = whole.client().rank(["small kitchens", "herbs"], [*ITEMS, RETOLD], timeout_s=120)
    assert [(each.interest, each.by) for each in found] == [
        ("small kitchens", "meaning"),
        ("herbs", "meaning"),
        ("herbs", "meaning"),
    ]
    assert found[0].item.title == "A galley made wider by a shelf"
    assert {each.item.title for each in found[1:]} & {"Drying thyme and sage", RETOLD.title}
    assert found[2].item.title == "Basil on the window sill"


def test_sentences_have_the_interest_the_title_and_the_link(whole: Press) -> None:
    items = [Item(each.title, each.text, f"https://example.com/{n}") for n, each in enumerate(ITEMS)]
    found = whole.client().suggest(["astronomy", "baking bread"], items, top=2, n=2, seed=3, timeout_s=120)
    assert {each.interest for each in found} == {"astronomy", "baking bread"}
    for each in found:
        assert each.text is not None
        assert each.text.startswith(f"You read about {each.interest}: {each.item.title}")
        assert each.text.endswith(each.item.link)
