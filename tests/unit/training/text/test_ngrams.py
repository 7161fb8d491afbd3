"""Counted chances: they sum to one, follow the chain rule, and get better with what stands before."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.training.text.ngrams import NgramModel, ngrams

SIZE = 6
sentences = st.lists(st.lists(st.integers(0, SIZE - 1), max_size=8), max_size=8)


def test_runs_are_counted() -> None:
    assert ngrams([1, 2, 1, 2, 3], 2) == Counter({(1, 2): 2, (2, 1): 1, (2, 3): 1})
    assert ngrams([1, 2], 3) == Counter()


@given(sentences, st.lists(st.integers(0, SIZE - 1), max_size=5), st.integers(1, 4))
def test_the_chances_of_all_words_are_one_together(
    learnt: list[list[int]], before: list[int], order: int
) -> None:
    model = NgramModel(order, SIZE)
    model.learn(learnt)
    chances = [model.chance(word, before) for word in range(SIZE)]
    assert sum(chances) == pytest.approx(1)
    assert min(chances) > 0


def test_a_chance_by_hand() -> None:
    model = NgramModel(2, 4)
    model.learn([[0, 1, 0, 2]])
    # Alone: 0 twice, 1 and 2 once, three kinds: (2 + 3 / 4) / (4 + 3). Behind 0 came 1 and 2, once each.
    assert model.chance(0) == pytest.approx(2.75 / 7)
    alone = (1 + 3 / 4) / 7
    assert model.chance(1, [3, 0]) == pytest.approx((1 + 2 * alone) / (2 + 2))
    assert model.chance(1, [3]) == pytest.approx(alone)  # nothing came behind 3


@given(sentences, st.lists(st.integers(0, SIZE - 1), max_size=6))
def test_a_text_s_chance_is_the_product_of_chances_given_what_stands_before(
    learnt: list[list[int]], text: list[int]
) -> None:
    model = NgramModel(3, SIZE)
    model.learn(learnt)
    product = math.prod(model.chance(word, text[:at]) for at, word in enumerate(text))
    assert math.exp(model.log_chance(text)) == pytest.approx(product)


def test_the_article_s_product_is_another_one() -> None:
    """Words that do not know of each other: a text and its anagram would be as likely."""
    model = NgramModel(2, SIZE)
    model.learn([[1, 2, 3]] * 20)
    alone = [math.log(model.chance(word)) for word in (3, 2, 1)]
    assert sum(alone) == pytest.approx(sum(math.log(model.chance(word)) for word in (1, 2, 3)))
    assert model.log_chance([1, 2, 3]) > model.log_chance([3, 2, 1]) + 3


def test_more_before_is_better_and_a_uniform_text_is_as_perplexing_as_it_is_wide() -> None:
    dice = np.random.default_rng(0)
    step = [1, 2, 3, 4, 5, 0]
    chain = [0]
    for _ in range(4000):  # mostly the next one
        chain.append(step[chain[-1]] if dice.random() < 0.9 else int(dice.integers(SIZE)))
    found = []
    for order in (1, 2):
        model = NgramModel(order, SIZE)
        model.learn([chain[:3000]])
        found.append(model.perplexity([chain[3000:]]))
    assert found[0] == pytest.approx(SIZE, rel=0.02)
    expected = math.exp(-(11 / 12) * math.log(11 / 12) - 5 / 60 * math.log(1 / 60))
    assert found[1] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("order", "size"), [(0, 3), (2, 0)])
def test_sizes_that_make_no_sense_are_refused(order: int, size: int) -> None:
    with pytest.raises(ValueError, match="1 at least"):
        NgramModel(order, size)


def test_nothing_has_no_perplexity() -> None:
    with pytest.raises(ValueError, match="no word"):
        NgramModel(1, 3).perplexity([[]])
