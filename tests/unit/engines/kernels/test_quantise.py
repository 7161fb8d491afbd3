"""Rows in 8 bits: the same bytes and scales as ONNX Runtime's own nodes give, on every level of processor."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from tests.support.kernels import LEVELS, library_for

from pressroom.engines.sessions import open_session


@pytest.fixture(scope="module", params=LEVELS)
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library_for(request.param, tmp_path_factory)


def _quantised(library: Path, x: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    axes = [f"d{axis}" for axis in range(x.ndim)]
    graph = helper.make_graph(
        [helper.make_node("Quantise", ["x"], ["u", "scale"], domain="pressroom")],
        "quantise",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, axes)],
        [
            helper.make_tensor_value_info("u", TensorProto.UINT8, axes),
            helper.make_tensor_value_info("scale", TensorProto.FLOAT, [*axes[:-1], 1]),
        ],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("pressroom", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    u, scale = open_session(model.SerializeToString(), "cpu", 2, operators=library).run({"x": x})
    return u, scale


def _expected(x: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    scale = np.abs(x).max(axis=-1, keepdims=True) * np.float32(1 / 127)
    steps = np.divide(x, scale, out=np.zeros_like(x), where=scale != 0)
    return (np.rint(steps) + 128).astype(np.uint8), scale


@pytest.mark.parametrize(
    "shape", [(1, 1, 576), (3, 1, 1536), (1, 300, 576), (2, 7, 33), (5, 1), (64,), (4, 3, 15), (0, 4, 64)]
)
def test_bytes_and_scales(library: Path, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    for got, expected in zip(_quantised(library, x), _expected(x), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_halves_go_to_the_even_one_and_the_ends_are_reached(library: Path) -> None:
    x = np.array([[127, -127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, -126.5, 0, -0.0]], np.float32)
    u, scale = _quantised(library, x)
    assert scale.item() == 1
    assert (u.astype(int) - 128).tolist() == [[127, -127, 0, 2, 2, 0, -2, -2, 126, -126, 0, 0]]


def test_a_row_of_zeros(library: Path) -> None:
    x = np.zeros((2, 3, 40), np.float32)
    x[1, 2, 5] = -1e-30
    u, scale = _quantised(library, x)
    assert scale[0].tolist() == [[0], [0], [0]]
    assert (u[0] == 128).all()
    assert u[1, 2, 5] == 1
