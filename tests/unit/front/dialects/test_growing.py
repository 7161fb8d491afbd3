"""Texts that only grow: whatever is told again in between, a client gets each character once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.front.dialects.growing import Differs, Grown


def test_deltas_add_up() -> None:
    grown = Grown()
    assert [grown.more(0, 0, "a"), grown.more(1, 0, "x"), grown.more(0, 1, "bc")] == ["a", "x", "bc"]
    assert grown.rest(0, "abcd") == "d"
    assert grown.rest(1, "x") == ""
    assert grown.rest(2, "new") == "new"


def test_what_is_written_anew_is_held_back_until_it_is_new() -> None:
    grown = Grown()
    grown.more(0, 0, "one two")
    grown.reset()
    assert [grown.more(0, 0, "one"), grown.more(0, 3, " two th"), grown.more(0, 10, "ree")] == [
        "",
        " th",
        "ree",
    ]


def test_what_comes_out_differently_is_an_error() -> None:
    grown = Grown()
    grown.more(0, 0, "one two")
    grown.reset()
    grown.more(0, 0, "one")
    with pytest.raises(Differs):
        grown.more(0, 3, " tree")
    with pytest.raises(Differs):
        Grown().rest(0, "a") and grown.rest(0, "one")


@given(st.text(min_size=1, max_size=30), st.lists(st.integers(0, 30), max_size=6), st.integers(1, 7))
def test_however_often_a_worker_is_lost_the_text_comes_once(text: str, cuts: list[int], step: int) -> None:
    grown, got = Grown(), ""
    for end in [*cuts, len(text)]:
        grown.reset()
        for at in range(0, min(end, len(text)), step):
            got += grown.more(0, at, text[at : min(at + step, end)])
    assert got + grown.rest(0, text) == text
