"""Word lists: what is met in a text, and what is not."""

import pytest

from pressroom.domain.word_lists import Match, WordList, has_a_word, matches


def met(text: str, *words: str) -> list[str]:
    """The words of one list that a text has."""
    (found,) = matches([WordList("list", "rivals", words)], [text])
    return [match.word for match in found]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Our ACME lamp", "acme"),
        ("acme.", "Acme"),
        ("buy (acme)!", "acme"),
        ("the Straße is wet", "STRASSE"),
        ("the best   price\nin town", "best price"),
        ("best-price", "best price"),
        ("ﬁne wine", "fine"),  # a ligature
        ("ＡＣＭＥ", "acme"),  # full width
        ("这是一盏便宜的灯", "便宜"),
        ("ราคาถูกมาก", "ถูก"),
        ("これは最安値です", "最安値"),
        ("naïve", "naïve"),
    ],
)
def test_a_word_is_met_however_it_is_written(text: str, word: str) -> None:
    assert met(text, word) == [word]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("the alarm rings", "arm"),
        ("Scunthorpe United", "cunt"),
        ("price, best of all", "best price"),
        ("", "acme"),
        ("!?…", "acme"),
        ("lamps", "lamp"),
        ("naive", "naïve"),
    ],
)
def test_a_part_of_a_word_is_not_that_word(text: str, word: str) -> None:
    assert met(text, word) == []


def test_matches_come_in_the_order_of_the_lists_and_say_whose_they_are() -> None:
    lists = [WordList("b", "rivals", ("globex", "acme")), WordList("a", "violence", ("acme", "knife"))]
    none, some = matches(lists, ["nothing", "Acme knife, by Globex: acme"])
    assert none == ()
    assert some == (
        Match("b", "rivals", "globex"),
        Match("b", "rivals", "acme"),
        Match("a", "violence", "acme"),
        Match("a", "violence", "knife"),
    )


def test_without_lists_nothing_is_met() -> None:
    assert matches([], ["acme", "globex"]) == ((), ())


@pytest.mark.parametrize(
    ("word", "has"), [("a", True), ("灯", True), ("  x ", True), ("!?", False), ("", False)]
)
def test_punctuation_is_no_word(word: str, has: bool) -> None:
    assert has_a_word(word) is has
