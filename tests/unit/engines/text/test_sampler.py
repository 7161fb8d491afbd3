"""Each knob of the sampler by itself, against slow and obvious versions; and that it repeats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pressroom.contract.params import TextParams
from pressroom.engines.text.sampler import Sampler, draw, shortlist, uniform

VOCAB = 1000


def _logits(seed: int, size: int = VOCAB) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=size).astype(np.float32) * 3


def _sampler(output: int = 0, prompt: tuple[int, ...] = (), **params: object) -> Sampler:
    return Sampler(TextParams.model_validate({"seed": 5, **params}), VOCAB, list(prompt), output)


def _choices(sampler: Sampler, count: int = 50) -> list[int]:
    return [sampler.choose(_logits(position)) for position in range(count)]


def test_temperature_zero_takes_the_likeliest() -> None:
    sampler = _sampler(temperature=0, repetition_penalty=1)
    assert _choices(sampler) == [int(_logits(position).argmax()) for position in range(50)]


def test_the_same_seed_repeats_and_others_differ() -> None:
    first = _choices(_sampler())
    assert _choices(_sampler()) == first
    assert _choices(_sampler(seed=6)) != first
    assert _choices(_sampler(output=1)) != first


def test_the_largest_seed_is_taken() -> None:
    assert len(_choices(_sampler(seed=2**53 - 1), 3)) == 3


def test_top_k_one_is_greedy() -> None:
    assert _choices(_sampler(top_k=1, repetition_penalty=1)) == [int(_logits(p).argmax()) for p in range(50)]


def test_a_tiny_top_p_is_greedy() -> None:
    sampler = _sampler(top_p=0.0001, top_k=0, repetition_penalty=1)
    assert _choices(sampler) == [int(_logits(p).argmax()) for p in range(50)]


@given(
    st.integers(0, 99),
    st.integers(0, 80),
    st.floats(0.05, 1),
    st.floats(0.1, 2),
    st.sampled_from([500, 20_000]),
)
def test_the_shortlist_is_what_a_full_sort_gives(
    seed: int, top_k: int, top_p: float, heat: float, size: int
) -> None:
    logits = _logits(seed, size)
    ids, chances = shortlist(logits, heat, top_k, top_p)
    order = np.argsort(-logits.astype(np.float64), kind="stable")[: top_k or None]
    expected = np.exp(logits[order].astype(np.float64) / heat - logits.max().astype(np.float64) / heat)
    expected /= expected.sum()
    keep = len(order) if top_p >= 1 else int((np.cumsum(expected) < top_p).sum()) + 1
    if top_k == 0 and top_p >= 1:
        chances, ids = chances[order], ids[order]
    np.testing.assert_array_equal(ids, order[:keep])
    np.testing.assert_allclose(chances, expected[:keep] / expected[:keep].sum(), rtol=1e-6)


@given(st.integers(0, 99), st.integers(0, 80), st.floats(0.05, 1), st.floats(0.001, 1))
def test_min_p_keeps_what_is_likely_enough_beside_the_likeliest(
    seed: int, top_k: int, top_p: float, min_p: float
) -> None:
    logits = _logits(seed)
    all_ids, all_chances = shortlist(logits, 1.0, top_k, top_p)
    ids, chances = shortlist(logits, 1.0, top_k, top_p, min_p)
    kept = all_chances >= min_p * all_chances.max()
    np.testing.assert_array_equal(ids, all_ids[kept])
    np.testing.assert_allclose(chances, all_chances[kept] / all_chances[kept].sum(), rtol=1e-12)
    assert int(logits.argmax()) in ids


def test_a_min_p_of_one_is_greedy() -> None:
    sampler = _sampler(min_p=1, top_p=1, top_k=0, repetition_penalty=1)
    assert _choices(sampler) == [int(_logits(p).argmax()) for p in range(50)]


def test_equal_logits_are_ordered_by_id() -> None:
    ids, _ = shortlist(np.zeros(5000, np.float32), 1.0, 3, 1.0)
    np.testing.assert_array_equal(ids, [0, 1, 2])


def test_the_prompt_and_what_was_said_count_as_seen() -> None:
    flat = np.ones(VOCAB, np.float32)
    flat[7] = 1.5
    sampler = _sampler(temperature=0, repetition_penalty=2, prompt=(7, 0))
    assert [sampler.choose(flat.copy()) for _ in range(3)] == [1, 2, 3]


def test_drawn_shares_follow_the_chances() -> None:
    key = np.array([1, 0], np.uint64)
    ids, chances = np.array([3, 9]), np.array([0.75, 0.25])
    drawn = [draw(ids, chances, uniform(key, position)) for position in range(4000)]
    assert abs(drawn.count(3) / 4000 - 0.75) < 0.03


def test_the_numbers_of_neighbouring_keys_and_positions_are_unrelated() -> None:
    rows = [
        [uniform(np.array([seed, 0], np.uint64), position) for position in range(200)] for seed in range(3)
    ]
    assert len({number for row in rows for number in row}) == 600
    assert abs(np.corrcoef(np.array(rows))[0, 1]) < 0.25
    assert all(0 <= number < 1 for row in rows for number in row)


@pytest.mark.parametrize("chance", [0.0, 0.3, 0.999999999999])
def test_a_draw_at_the_border_stays_inside(chance: float) -> None:
    assert draw(np.array([1, 2]), np.array([0.3, 0.7 - 1e-12]), chance) in (1, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_logits_are_an_error(bad: float) -> None:
    logits = _logits(0)
    logits[3] = bad
    with pytest.raises(ValueError, match="not a number"):
        _sampler().choose(logits)
