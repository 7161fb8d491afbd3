"""The order of several texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.domain.copy.ranking import Candidate, in_order, words_in_common


def candidate(
    index: int, text: str = "", chance: float = -1.0, likeness: float = 0.0, flaws: int = 0
) -> Candidate:
    return Candidate(index, text or f"text {index}", chance, likeness, flaws)


def order(*candidates: Candidate) -> list[int]:
    return [each.index for each in in_order(candidates)]


def test_what_is_wrong_counts_before_all_else() -> None:
    assert order(
        candidate(0, chance=-0.1, flaws=2), candidate(1, chance=-5), candidate(2, chance=-0.2, flaws=1)
    ) == [1, 2, 0]


def test_the_likelier_and_nearer_is_better() -> None:
    assert order(candidate(0, chance=-2), candidate(1, chance=-1)) == [1, 0]
    assert order(candidate(0, chance=-1), candidate(1, chance=-1.2, likeness=0.5)) == [1, 0]


def test_equals_stay_in_their_order() -> None:
    assert order(candidate(2, "a b"), candidate(0, "c d"), candidate(1, "e f")) == [0, 1, 2]


def test_one_that_says_the_same_again_comes_behind_one_that_does_not() -> None:
    best = candidate(0, "warm light for slow evenings", chance=-0.5)
    again = candidate(1, "warm light for slow evening", chance=-0.6)
    other = candidate(2, "a quiet corner to read in", chance=-1.0)
    assert order(best, again, other) == [0, 2, 1]


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("", "", 0.0),
        ("the of and", "the of and", 0.0),
        ("warm light", "Warm lights", 1.0),
        ("warm light", "cold light", 1 / 3),
        ("橡木灯", "橡木桌", 0.5),
    ],
)
def test_words_in_common(one: str, other: str, common: float) -> None:
    assert words_in_common(one, other) == pytest.approx(common)


@given(
    st.lists(
        st.tuples(st.text("ab ", max_size=9), st.floats(-9, 0), st.floats(0, 1), st.integers(0, 2)),
        max_size=8,
    )
)
def test_all_are_there_once_and_the_first_has_the_fewest_flaws(
    made: list[tuple[str, float, float, int]],
) -> None:
    candidates = [Candidate(n, *each) for n, each in enumerate(made)]
    ordered = in_order(candidates)
    assert sorted(each.index for each in ordered) == list(range(len(made)))
    assert [each.flaws for each in ordered] == sorted(each.flaws for each in ordered)
