"""Texts to words: what looks the same becomes the same, and nothing but spaces is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.training.text.preprocessing import normalise, sentences, words


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("  The\u00a0shop’s\topen —\r\nnow… ", "the shop's open - now..."),
        ("ﬁne Ｃafé", "fine café"),
        ("cafe\u0301", "café"),
        ("zero\u200bwidth\ufeff and\u00adsoft", "zerowidth andsoft"),
        ("a\x00b\x1bc", "a b c"),
        ("“quoted” „also“", '"quoted" "also"'),
        ("İstanbul", "i̇stanbul"),
        ("", ""),
        (" \n\t ", ""),
        ("\ud800 half", "half"),
    ],
)
def test_one_form(raw: str, normal: str) -> None:
    assert normalise(raw) == normal


def test_capitals_can_stay() -> None:
    assert normalise("The SHOP’s", lower=False) == "The SHOP's"


@given(st.text())
def test_what_has_been_normalised_stays(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the shop's open.", ["the", "shop", "'s", "open", "."]),
        ("1,299.50 for 2 well-made pans!", ["1,299.50", "for", "2", "well-made", "pans", "!"]),
        ("at 10:30, so... no", ["at", "10:30", ",", "so", "...", "no"]),
        ("größe 4x4 日本語", ["größe", "4", "x", "4", "日本語"]),
        ("a_b", ["a", "_", "b"]),
        ("", []),
    ],
)
def test_words_and_signs(text: str, found: list[str]) -> None:
    assert words(text) == found


@given(st.text())
def test_nothing_but_spaces_is_lost(text: str) -> None:
    normal = normalise(text)
    assert "".join(words(normal)) == normal.replace(" ", "")


def test_sentences_end_with_what_closes_them() -> None:
    tokens = words('it is late. "go home!" she said (twice.) really?! yes... or no')
    assert [" ".join(sentence) for sentence in sentences(tokens)] == [
        "it is late .",
        '" go home ! "',
        "she said ( twice . )",
        "really ? !",
        "yes ...",
        "or no",
    ]
    assert sentences([]) == []


@given(st.text(alphabet='ab.!?"() '))
def test_sentences_are_all_the_words_in_their_order(text: str) -> None:
    tokens = words(normalise(text))
    assert [token for sentence in sentences(tokens) for token in sentence] == tokens
