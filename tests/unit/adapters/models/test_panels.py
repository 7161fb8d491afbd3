"""Weights in panels: every one in its place, and nothing but zeros beside them."""

import numpy as np
import pytest

from pressroom.adapters.models.panels import DEPTH_STEP, PANEL, panels
from pressroom.adapters.models.row_scaled import row_scaled


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("rows", "width"), [(32, 8), (64, 12), (5, 3), (100, 33)])
def test_each_weight_has_its_place(rows: int, width: int) -> None:
    weights, bias = _random(rows, width), _random(rows)
    made = panels(weights, bias)
    integers, scale = row_scaled(weights)
    assert made.columns == rows
    assert made.weights.shape == (-(-rows // PANEL), -(-width // DEPTH_STEP), PANEL, DEPTH_STEP)
    assert made.bias is not None
    for row, column in np.ndindex(rows, width):
        at = made.weights[row // PANEL, column // DEPTH_STEP, row % PANEL, column % DEPTH_STEP]
        assert at == integers[row, column]
    assert np.abs(made.weights.astype(int)).sum() == np.abs(integers.astype(int)).sum()
    np.testing.assert_array_equal(made.scale.reshape(-1)[:rows], scale)
    np.testing.assert_array_equal(made.bias.reshape(-1)[:rows], bias)
    np.testing.assert_array_equal(made.shift.reshape(-1)[:rows], 128 * integers.sum(axis=1, dtype=int))


@pytest.mark.parametrize("columns", [16, 48, 5])
def test_gates_stand_before_what_they_let_through(columns: int) -> None:
    weights = _random(2 * columns, 8)
    made = panels(weights, gated=True)
    integers, _ = row_scaled(weights)
    assert made.columns == columns
    for column in range(columns):
        panel, at = column // 16, column % 16
        flat = made.weights.swapaxes(1, 2).reshape(-1, PANEL, 8)
        np.testing.assert_array_equal(flat[panel, at], integers[column])
        np.testing.assert_array_equal(flat[panel, 16 + at], integers[columns + column])


def test_without_a_bias_there_is_none() -> None:
    assert panels(_random(4, 4)).bias is None
