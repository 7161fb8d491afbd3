"""Bias, penalties and early ends, against what their definitions say of each token by itself."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pressroom.contract.params import TextParams
from pressroom.engines.text.adjusting import Adjuster, TokenCounts
from pressroom.engines.text.drawing_plain import adjust

VOCAB = 50
OFF = {"seed": 1, "repetition_penalty": 1}


def _logits(seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=VOCAB).astype(np.float32) * 3


def _adjusted(
    said: list[int], prompt: tuple[int, ...] = (), ends: frozenset[int] = frozenset(), **params: object
) -> NDArray[np.float32]:
    adjuster = Adjuster(TextParams.model_validate({**OFF, **params}), VOCAB, list(prompt), ends)
    for token in said:
        adjuster.said(token)
    logits = _logits()
    adjust(logits, adjuster.next())
    return logits


tokens = st.lists(st.integers(0, VOCAB - 1), max_size=120)


@given(tokens, st.floats(-2, 2), st.floats(-2, 2))
def test_presence_and_frequency_count_the_output_alone(
    said: list[int], presence: float, frequency: float
) -> None:
    found = _adjusted(said, (1, 2, 3), presence_penalty=presence, frequency_penalty=frequency)
    counts = Counter(said)
    expected = _logits().astype(np.float64)
    for token, count in counts.items():
        expected[token] -= presence + frequency * count
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@given(tokens, tokens, st.floats(0.5, 2))
def test_a_repetition_counts_prompt_and_output_and_each_token_once(
    prompt: list[int], said: list[int], penalty: float
) -> None:
    found = _adjusted(said, tuple(prompt), repetition_penalty=penalty)
    expected = _logits().astype(np.float64)
    if penalty != 1:
        for token in {*prompt, *said}:
            expected[token] = expected[token] / penalty if expected[token] > 0 else expected[token] * penalty
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_bias_forbids_and_forces_and_one_for_no_token_is_left_out() -> None:
    found = _adjusted([], logit_bias={"7": 100, "3": -100, str(VOCAB): 5})
    expected = _logits()
    expected[[7, 3]] += np.array([100, -100], np.float32)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("said", "barred"), [([], True), ([1, 2], True), ([1, 2, 3], False)])
def test_ends_are_barred_until_there_are_tokens_enough(said: list[int], barred: bool) -> None:
    found = _adjusted(said, ends=frozenset({9, 4}), min_tokens=3)
    assert set(np.flatnonzero(np.isneginf(found))) == ({4, 9} if barred else set())


def test_counts_grow_and_keep_their_order() -> None:
    counts = TokenCounts()
    for token in [*range(200), *range(100)]:
        counts.add(token)
    np.testing.assert_array_equal(counts.ids, np.arange(200))
    np.testing.assert_array_equal(counts.counts, [2] * 100 + [1] * 100)


def test_what_is_off_changes_nothing() -> None:
    np.testing.assert_array_equal(_adjusted([1, 2, 3], (4, 5)), _logits())
