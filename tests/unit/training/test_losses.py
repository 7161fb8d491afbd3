"""The losses' page: values by hand, and gradients against what a small step really does."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.training.losses import (
    binary_cross_entropy,
    cross_entropy,
    kl_from_standard,
    mean_square_error,
    softmax,
)

Numbers = NDArray[np.float64]
STEP = 1e-6


def slope(loss: Callable[[Numbers], float], at: Numbers) -> Numbers:
    """What a small step in each direction changes."""
    changes = np.zeros_like(at)
    for number in range(len(at)):
        step = np.zeros_like(at)
        step[number] = STEP
        changes[number] = (loss(at + step) - loss(at - step)) / (2 * STEP)
    return changes


@pytest.mark.parametrize("seed", range(5))
def test_gradients_are_what_a_small_step_does(seed: int) -> None:
    dice = np.random.default_rng(seed)
    z, y = dice.normal(size=6), dice.uniform(size=6)
    np.testing.assert_allclose(
        mean_square_error(z, y)[1], slope(lambda a: mean_square_error(a, y)[0], z), atol=1e-8
    )
    np.testing.assert_allclose(
        binary_cross_entropy(z, y)[1], slope(lambda a: binary_cross_entropy(a, y)[0], z), atol=1e-8
    )
    chances = y / y.sum()
    np.testing.assert_allclose(
        cross_entropy(z, chances)[1], slope(lambda a: cross_entropy(a, chances)[0], z), atol=1e-8
    )
    _, by_mean, by_log_variance = kl_from_standard(z, y)
    np.testing.assert_allclose(by_mean, slope(lambda a: kl_from_standard(a, y)[0], z), atol=1e-8)
    np.testing.assert_allclose(by_log_variance, slope(lambda a: kl_from_standard(z, a)[0], y), atol=1e-8)


def test_values_by_hand() -> None:
    assert mean_square_error(np.array([1.0, 3.0]), np.array([0.0, 1.0]))[0] == pytest.approx(2.5)
    assert cross_entropy(np.zeros(4), np.array([0.0, 1, 0, 0]))[0] == pytest.approx(math.log(4))
    assert binary_cross_entropy(np.zeros(3), np.array([0.0, 1, 0.5]))[0] == pytest.approx(math.log(2))
    assert kl_from_standard(np.zeros(3), np.zeros(3))[0] == 0
    assert kl_from_standard(np.array([2.0]), np.zeros(1))[0] == pytest.approx(2)


@pytest.mark.filterwarnings("error")
def test_large_numbers_do_not_overflow() -> None:
    far = np.array([800.0, -700.0])
    assert softmax(far).tolist() == [1.0, 0.0]
    assert cross_entropy(far, np.array([0.0, 1.0]))[0] == pytest.approx(1500)
    assert binary_cross_entropy(far[:1], np.array([1.0]))[0] == 0
