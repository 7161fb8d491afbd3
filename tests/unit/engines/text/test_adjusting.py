"""Bias, penalties and early ends, against what their definitions say of each token by itself."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pressroom.contract.params import TextParams
from pressroom.engines.text.adjusting import Adjuster, TokenCounts, repeated
from pressroom.engines.text.sampler import Sampler

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
    adjuster.adjust(logits)
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


def test_a_penalty_lowers_tokens_of_either_sign() -> None:
    logits = np.array([2.0, -2.0, 2.0], np.float32)
    repeated(logits, np.array([0, 1]), 2.0)
    np.testing.assert_array_equal(logits, [1.0, -4.0, 2.0])


def test_a_bias_forbids_and_forces() -> None:
    params = TextParams.model_validate({**OFF, "temperature": 0, "logit_bias": {"7": 100, "3": -100}})
    assert Sampler(params, VOCAB, [], 0).choose(_logits()) == 7
    likeliest = str(int(_logits().argmax()))
    params = TextParams.model_validate({**OFF, "temperature": 0, "logit_bias": {likeliest: -100}})
    assert Sampler(params, VOCAB, [], 0).choose(_logits()) == int(np.argsort(_logits())[-2])


@pytest.mark.parametrize("temperature", [0, 1])
def test_an_end_does_not_come_before_its_time(temperature: float) -> None:
    logits = np.zeros(VOCAB, np.float32)
    logits[9] = 50
    params = TextParams.model_validate({**OFF, "temperature": temperature, "min_tokens": 3})
    sampler = Sampler(params, VOCAB, [], 0, frozenset({9}))
    drawn = [sampler.choose(logits.copy()) for _ in range(4)]
    assert 9 not in drawn[:3]
    assert drawn[3] == 9


def test_counts_grow_and_keep_their_order() -> None:
    counts = TokenCounts()
    for token in [*range(200), *range(100)]:
        counts.add(token)
    np.testing.assert_array_equal(counts.ids, np.arange(200))
    np.testing.assert_array_equal(counts.counts, [2] * 100 + [1] * 100)


def test_what_is_off_changes_nothing() -> None:
    np.testing.assert_array_equal(_adjusted([1, 2, 3], (4, 5)), _logits())
