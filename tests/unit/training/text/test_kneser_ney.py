"""Kneser-Ney by sorting, against the same by its definition, word by word."""

import math
from collections import Counter, defaultdict
from pydoc_data.topics import topics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressroom.training.text.kneser_ney import KneserNey, _discounts
from pressroom.training.text.ngrams import NgramModel, ngrams
from pressroom.training.text.preprocessing import normalise, words
from pressroom.training.text.vocabulary import Vocabulary


def _plain(stream: list[int], order: int, size: int, before: list[int], word: int) -> float:
    """From the shortest history to the longest, with dictionaries."""
    runs = {length: ngrams(stream, length) for length in range(1, order + 1)}
    chance = 1 / size
    for length in range(1, order + 1):
        if length == order:
            counts: Counter[tuple[int, ...]] = runs[length]
        else:
            counts = Counter(run[1:] for run in _distinct(stream, order, length + 1))
        discounts = _discounts(np.array(list(counts.values())))
        behind: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for run, count in counts.items():
            behind[run[:-1]].append(count)
        history = tuple(before[len(before) - length + 1 :])
        if length - 1 > len(before) or history not in behind:
            break
        total = sum(behind[history])
        given_back = sum(discounts[min(count, 3)] for count in behind[history])
        count = counts.get((*history, word), 0)
        chance = (max(count - discounts[min(count, 3)], 0) + given_back * chance) / total
    return chance


def _distinct(stream: list[int], order: int, length: int) -> set[tuple[int, ...]]:
    """Different runs of ``length`` that end where a run of the highest order does: nothing stands before the first."""
    longest = set(ngrams(stream, order))
    return {run[order - length :] for run in longest}


SIZE = 5
streams = st.lists(st.integers(0, SIZE - 1), min_size=12, max_size=80)


@settings(deadline=None)
@given(streams, st.integers(1, 4), st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=7))
def test_it_is_what_the_definition_says(stream: list[int], order: int, row: list[int]) -> None:
    found = KneserNey(np.array(stream), order, SIZE).chances(np.array([row]))[0]
    expected = [_plain(stream, order, SIZE, row[:at], word) for at, word in enumerate(row)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@settings(deadline=None)
@given(streams, st.integers(1, 4), st.lists(st.integers(0, SIZE - 1), max_size=5))
def test_the_chances_of_all_words_are_one_together(stream: list[int], order: int, before: list[int]) -> None:
    rows = np.array([[*before, word] for word in range(SIZE)])
    assert KneserNey(np.array(stream), order, SIZE).chances(rows)[:, -1].sum() == pytest.approx(1)


def test_a_word_that_always_follows_the_same_one_is_unlikely_behind_another() -> None:
    san, francisco, shop = 0, 1, 3
    dice = np.random.default_rng(0)
    stream: list[int] = []
    for _ in range(300):
        stream += [san, francisco] if dice.random() < 0.6 else [int(dice.integers(2, 10)), shop]
    model = KneserNey(np.array(stream), 2, 10)
    counts = Counter(stream)
    assert counts[francisco] > counts[shop]
    # Behind a word that was never seen there: how often a word came does not matter.
    unseen = model.chances(np.array([[francisco, francisco], [francisco, shop]]))[:, 1]
    assert unseen[0] < 0.5 * unseen[1]


def test_it_is_better_than_simpler_counting_on_english() -> None:
    """Python's own manual is English that every machine has."""
    said = words(normalise(" ".join(topics.values())))[:40_000]
    vocabulary = Vocabulary.of(said, most=2_000)
    stream = np.array(vocabulary.encode(said))
    train, test = stream[:36_000], stream[36_000:].reshape(-1, 40)
    simple = NgramModel(3, len(vocabulary))
    simple.learn([train.tolist()])
    nats = [
        -math.log(simple.chance(word, row[:at])) for row in test.tolist() for at, word in enumerate(row) if at
    ]
    assert KneserNey(train, 3, len(vocabulary)).perplexity(test) < 0.98 * math.exp(float(np.mean(nats)))


@pytest.mark.parametrize(("count", "order", "size"), [(9, 0, 5), (9, 2, 1), (9, 6, 4096), (3, 4, 5)])
def test_what_cannot_be_counted_is_refused(count: int, order: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"do not fit|has no run"):
        KneserNey(np.zeros(count, np.int64), order, size)
