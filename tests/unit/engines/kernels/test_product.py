"""Our product of 8-bit integers against a plain one in numpy, on every level of processor that this machine can run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.kernels import LEVELS, library_for
from tests.support.products import Product, Values

from pressroom.engines.base import EngineUnavailable


@pytest.fixture(scope="module", params=LEVELS)
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library_for(request.param, tmp_path_factory)


def _random(*shape: int, seed: int = 0) -> Values:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# ---- x in 8 bits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape", [(1, 1, 576), (3, 1, 1536), (1, 300, 576), (2, 7, 33), (5, 1), (64,), (4, 3, 15), (0, 4, 64)]
)
def test_bytes_and_scales(library: Path, shape: tuple[int, ...]) -> None:
    x = _random(*shape, seed=1)
    _, u, scale = Product(_random(8, shape[-1])).run(library, x)
    rows = x.reshape(-1, shape[-1])
    expected = np.abs(rows).max(axis=-1, initial=0) * np.float32(1 / 127)
    np.testing.assert_array_equal(scale, expected)
    np.testing.assert_array_equal(u[:, : shape[-1]], np.rint(rows / expected[:, None]) + 128)
    assert (u[:, shape[-1] :] == 128).all()


def test_halves_go_to_the_even_one_and_the_ends_are_reached(library: Path) -> None:
    x = np.array([[127, -127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, -126.5, 0, -0.0]], np.float32)
    _, u, scale = Product(_random(4, 12)).run(library, x)
    assert scale.tolist() == [1]
    assert (u.astype(int) - 128).tolist() == [[127, -127, 0, 2, 2, 0, -2, -2, 126, -126, 0, 0]]


@pytest.mark.parametrize("normal", [False, True])
def test_a_row_of_zeros(library: Path, normal: bool) -> None:
    x = np.zeros((2, 40), np.float32)
    x[1, 5] = -1e-30
    product = Product(_random(4, 40), gain=np.ones(40, np.float32) if normal else None)
    y, u, scale = product.run(library, x)
    assert scale[0] == 0
    assert (u[0] == 128).all()
    assert u[1, 5] == 1
    assert not y[0].any()


@pytest.mark.parametrize("width", [4, 33, 576])
def test_a_row_is_normalised_before(library: Path, width: int) -> None:
    x = _random(5, width, seed=1) * np.array([[1e-3], [1], [1], [50], [1e4]], np.float32)
    product = Product(_random(8, width), gain=_random(width, seed=2))
    _, u, scale = product.run(library, x)
    normal = product.normalised(x)
    np.testing.assert_allclose(scale, np.abs(normal).max(axis=1) / 127, rtol=1e-5)
    back = (u[:, :width].astype(np.float32) - 128) * scale[:, None]
    assert (np.abs(back - normal) <= scale[:, None] * 0.5001).all()


# ---- the product -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 11, 12, 13, 23, 96, 97, 200])
@pytest.mark.parametrize(("columns", "width"), [(32, 64), (64, 577), (7, 3), (100, 36), (16, 1)])
def test_it_is_a_product(library: Path, rows: int, columns: int, width: int) -> None:
    product = Product(_random(columns, width))
    y, u, scale = product.run(library, _random(rows, width, seed=1))
    np.testing.assert_allclose(y, product.expected(u, scale), rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("rows", [1, 13])
@pytest.mark.parametrize("columns", [16, 48, 20, 3])
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("with_bias", [False, True])
@pytest.mark.parametrize("with_residual", [False, True])
def test_what_follows_it(
    library: Path, rows: int, columns: int, gated: bool, with_bias: bool, with_residual: bool
) -> None:
    width, outputs = 48, columns * (2 if gated else 1)
    bias = _random(outputs, seed=5) if with_bias else None
    product = Product(_random(outputs, width), gain=_random(width, seed=2), bias=bias, gated=gated)
    x = 3 * _random(rows, width, seed=1)
    residual = _random(rows, columns, seed=7) if with_residual else None
    y, u, scale = product.run(library, x, residual)
    expected = product.expected(u, scale) + (0 if residual is None else residual)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


def test_gates_far_open_and_far_shut(library: Path) -> None:
    weights = np.array([[1, 0], [0, 1]], np.float32)  # the gate is x's first number, the other its second
    product = Product(weights, gated=True)
    for gate in (-1e30, -200, -88, -87, -20, 0, 20, 200, 1e30):
        x = np.array([[gate, 1]], np.float32)
        y, u, scale = product.run(library, x)
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(y, product.expected(u, scale), rtol=1e-5, atol=1e-30)


def test_the_largest_integers_do_not_overflow(library: Path) -> None:
    width = 16384
    weights = np.full((40, width), 0.5, np.float32)
    weights[1::2] *= -1
    x = np.full((3, width), 3, np.float32)
    x[1] *= -1
    y, _, _ = Product(weights).run(library, x)
    np.testing.assert_allclose(y, x @ weights.T, rtol=1e-5)


@pytest.mark.parametrize("others", [1, 3, 15, 200])
def test_a_row_is_the_same_to_the_last_bit_in_any_company_and_on_any_number_of_threads(
    library: Path, others: int
) -> None:
    product = Product(_random(96, 70), gain=_random(70, seed=2), gated=True)
    row, rest = _random(1, 70, seed=3), 100 * _random(others, 70, seed=4)
    alone = product.run(library, row)[0]
    for at in (0, others):
        for threads in (1, 4):
            together = product.run(library, np.insert(rest, at, row, axis=0), threads=threads)[0]
            np.testing.assert_array_equal(together[at], alone[0])


# ---- what is refused -------------------------------------------------------------------------------------------------


def _changed(product: Product, what: str) -> dict[str, NDArray[Any]]:
    given = dict(product.given)
    given[what] = given[what][:-1] if what in ("gain", "bias", "scale", "shift") else given[what][:, :-1]
    return given


@pytest.mark.parametrize("what", ["w", "scale", "shift", "gain", "bias", "residual", "x"])
def test_sizes_that_do_not_fit_are_refused(library: Path, what: str) -> None:
    product = Product(_random(64, 40), gain=_random(40), bias=_random(64))
    feeds = {"x": _random(3, 40), "residual": _random(3, 64), **product.given}
    if what in ("x", "residual"):
        feeds[what] = feeds[what][:, :-4]
    else:
        feeds |= _changed(product, what)
    session = product.session(library, 2, residual=True)
    with pytest.raises(Exception, match="do not fit together"):
        session.run(feeds)


def test_a_sum_that_might_overflow_is_refused(library: Path) -> None:
    product = Product(np.ones((1, 65_540), np.float32))
    with pytest.raises(Exception, match="too long"):
        product.run(library, np.ones((1, 65_540), np.float32))


@pytest.mark.parametrize("columns", [0, 32, 65, -1])
def test_more_or_fewer_columns_than_the_panels_hold_are_refused(library: Path, columns: int) -> None:
    product = Product(_random(64, 40))
    product.columns = columns
    with pytest.raises(Exception, match="do not fit together"):
        product.run(library, _random(3, 40))


def test_an_operator_without_its_attributes_is_refused(library: Path) -> None:
    from onnx import TensorProto, helper

    from pressroom.engines.sessions import open_session

    names = ["x", "w", "scale", "shift"]
    kinds = [TensorProto.FLOAT, TensorProto.INT8, TensorProto.FLOAT, TensorProto.INT32]
    inputs = [
        helper.make_tensor_value_info(name, kind, None) for name, kind in zip(names, kinds, strict=True)
    ]
    node = helper.make_node("Product", names, ["y", "u", "s"], domain="pressroom")
    graph = helper.make_graph(
        [node], "product", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("pressroom", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    with pytest.raises(EngineUnavailable, match="columns"):
        open_session(model.SerializeToString(), "cpu", operators=library)
