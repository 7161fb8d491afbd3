"""Texts that must not be longer than so many characters, and end where a reader would stop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.engines.text.fitting import Fit

TWO = "A mug. It is blue and large"


def _fitted(text: str, most: int | None, step: int = 1) -> tuple[str, bool]:
    fit = Fit(most)
    told = []
    for at in range(0, len(text), step):
        told.append(fit.push(text[at : at + step]))
        if fit.full:
            break
    return "".join([*told, fit.flush()]), fit.full


@pytest.mark.parametrize(
    ("text", "most", "fitted"),
    [
        (TWO, 27, TWO),
        (TWO, 26, "A mug."),
        (TWO, 6, "A mug."),
        (TWO, 5, "A"),
        (TWO, 1, "A"),
        ("Is it blue? Yes! It", 18, "Is it blue? Yes!"),
        ('She said "blue." Then', 18, 'She said "blue."'),
        ("It costs 3.50 and more", 20, "It costs 3.50 and"),
        ("Use, e.g. a mug of tea", 18, "Use, e.g. a mug of"),
        ("1. Blue 2. Red 3. Green", 16, "1. Blue 2. Red"),
        ("Made in 2024. Sold now", 20, "Made in 2024."),
        ("Well … no … maybe", 12, "Well … no …"),
        ("Mugs\nBlue mugs\nRed", 16, "Mugs\nBlue mugs"),
        ("Mugs\n\nBlue", 9, "Mugs"),
        ("蓝色的杯子。很大。很好", 9, "蓝色的杯子。很大。"),
        ("蓝色的杯子很大", 3, "蓝色的"),
        ("蓝色。。很大", 3, "蓝色。"),
        ("蓝。“好。”很大", 5, "蓝。"),
        ("b\n.\t'a?", 6, "b\n."),
        ("Donaudampfschifffahrt", 5, "Donau"),
        ("cafe\u0301s", 4, "caf"),
        ("👩\u200d🍳👩\u200d🍳", 4, "👩\u200d🍳"),
        ("  indented words here", 12, "  indented"),
        ("", 5, ""),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 100])
def test_it_ends_with_a_sentence_or_with_a_word(text: str, most: int, fitted: str, step: int) -> None:
    assert _fitted(text, most, step) == (fitted, len(text) > most)


def test_a_sentence_is_told_when_it_is_over_and_not_before() -> None:
    fit = Fit(100)
    assert fit.push("A mug") == ""
    assert fit.push(".") == ""  # it may be 3.5
    assert fit.push(" It is") == "A mug."
    assert fit.flush() == " It is"


def test_without_a_bound_all_is_told_at_once() -> None:
    fit = Fit(None)
    assert fit.push("A m") == "A m"
    assert (fit.full, fit.flush()) == (False, "")


def test_nothing_comes_behind_a_full_one() -> None:
    fit = Fit(3)
    assert fit.push("one two") == "one"
    assert fit.full
    assert fit.flush() == ""


@given(
    st.text(st.sampled_from("ab 1.!?\n\"'。é\u0301👩\u200d"), max_size=60),
    st.integers(1, 40),
    st.integers(1, 60),
    st.integers(1, 60),
)
def test_whatever_the_text_and_its_pieces(text: str, most: int, step: int, other: int) -> None:
    told, full = _fitted(text, most, step)
    assert text.startswith(told)
    assert len(told) <= most
    assert full == (len(text) > most)
    assert full or told == text
    if full:
        assert told == told.rstrip()
    # How the tokens fall does not matter.
    assert _fitted(text, most, other) == (told, full)
