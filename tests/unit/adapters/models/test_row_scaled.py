"""Products of 8-bit integers with a scale a row, run as a graph of one product."""

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from pressroom.adapters.models.graph_nodes import MS, Nodes, value
from pressroom.adapters.models.row_scaled import row_scaled_product
from pressroom.engines.integer_sums import sums_exactly
from pressroom.engines.sessions import Session, open_session

Values = NDArray[np.float32]


def _session(*weights: Values) -> Session:
    """``x`` (B, S, K) to one output for each of the weights (N, K)."""
    graph = Nodes(half=False)
    outs = [f"y{number}" for number in range(len(weights))]
    for out, matrix in zip(outs, weights, strict=True):
        row_scaled_product(graph, "x", matrix, out)
    made = helper.make_graph(
        graph.nodes,
        "products",
        [value("x", TensorProto.FLOAT, ["B", "S", weights[0].shape[1]])],
        [value(out, TensorProto.FLOAT, ["B", "S", "N"]) for out in outs],
        list(graph.constants.values()),
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MS, 1)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=10)
    return open_session(model.SerializeToString(), "cpu")


def _random(*shape: int, seed: int = 0) -> Values:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_the_product_is_within_the_rounding_of_eight_bits() -> None:
    x, weights = _random(2, 7, 96), _random(40, 96, seed=1)
    (got,) = _session(weights).run({"x": x})
    step_x = np.abs(x).max(-1, keepdims=True) / 127 / 2
    step_w = np.abs(weights).max(-1) / 127 / 2
    # Worst case: every rounding at its largest, and all of them to the same side.
    most = step_x * np.abs(weights).sum(-1) + step_w * (np.abs(x).sum(-1, keepdims=True) + 96 * step_x)
    assert (np.abs(got - x @ weights.T) <= most * 1.001 + 1e-5).all()


def test_integers_come_out_as_they_are() -> None:
    dice = np.random.default_rng(2)
    x, weights = (dice.integers(-127, 128, shape).astype(np.float32) for shape in ((1, 5, 64), (16, 64)))
    x[..., 0] = weights[:, 0] = 127  # so that a step is one
    (got,) = _session(weights).run({"x": x})
    np.testing.assert_allclose(got, x @ weights.T, rtol=1e-6)


def test_a_row_of_zeros_gives_zeros_and_a_row_of_weights_too() -> None:
    x, weights = _random(1, 3, 32), _random(8, 32, seed=1)
    x[0, 1] = 0
    weights[4] = 0
    (got,) = _session(weights).run({"x": x})
    assert not got[0, 1].any()
    assert not got[..., 4].any()
    assert got[0, 0, :4].all()


@pytest.mark.parametrize("others", [1, 3, 15, 200])
def test_a_row_is_the_same_to_the_last_bit_in_any_company(others: int) -> None:
    session = _session(_random(48, 64, seed=1))
    row, rest = _random(1, 1, 64), 100 * _random(1, others, 64, seed=3)
    (alone,) = session.run({"x": row})
    for at in (0, others):
        (together,) = session.run({"x": np.insert(rest, at, row[0, 0], axis=1)})
        np.testing.assert_array_equal(together[0, at], alone[0, 0])


def test_products_of_one_input_round_it_once() -> None:
    session = _session(_random(8, 32, seed=1), _random(4, 32, seed=2))
    assert len(session.run({"x": _random(1, 1, 32)})) == 2
    graph = Nodes(half=False)
    for out in ("a", "b"):
        row_scaled_product(graph, "x", _random(8, 32), out)
    assert sum(node.op_type == "QuantizeLinear" for node in graph.nodes) == 1


def test_the_largest_integers_do_not_overflow_where_the_host_sums_exactly() -> None:
    x = np.full((1, 2, 64), 3, np.float32)
    x[0, 1] *= -1
    weights = np.full((16, 64), 0.5, np.float32)
    (got,) = _session(weights).run({"x": x})
    assert np.allclose(got, x @ weights.T) == sums_exactly()
