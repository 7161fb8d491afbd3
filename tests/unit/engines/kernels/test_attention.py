"""Our attention against a plain one in numpy, on every level of processor that this machine can run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from tests.support.kernels import LEVELS, library_for

from pressroom.engines.base import EngineUnavailable
from pressroom.engines.sessions import Session, open_session

ROOM = 320


@pytest.fixture(scope="module", params=LEVELS)
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library_for(request.param, tmp_path_factory)


@dataclass
class Case:
    """One call's arrays, and a session for their sizes."""

    session: Session
    heads: int
    kv_heads: int
    width: int
    cos: NDArray[np.float32]
    sin: NDArray[np.float32]
    keys: NDArray[np.float16]
    values: NDArray[np.float16]
    window: int = 0

    @classmethod
    def of(
        cls,
        library: Path,
        rows: int,
        heads: int,
        kv_heads: int,
        width: int,
        *,
        threads: int = 2,
        window: int = 0,
    ) -> "Case":
        angles = np.arange(ROOM)[:, None] * 10_000.0 ** (-np.arange(width // 2) / (width // 2))
        dice = np.random.default_rng(3)
        shape = (rows, kv_heads, ROOM, width)
        return cls(
            open_session(_graph(heads, kv_heads, width, window), "cpu", threads, operators=library),
            heads,
            kv_heads,
            width,
            np.cos(angles).astype(np.float32),
            np.sin(angles).astype(np.float32),
            dice.normal(size=shape).astype(np.float16),
            dice.normal(size=shape).astype(np.float16),
            window,
        )

    def new(self, steps: int, seed: int = 1, scale: float = 1.0) -> NDArray[np.float32]:
        """Queries, keys and values of new tokens."""
        size = (len(self.keys), steps, (self.heads + 2 * self.kv_heads) * self.width)
        return (np.random.default_rng(seed).normal(size=size) * scale).astype(np.float32)

    def run(self, qkv: NDArray[np.float32], last: list[int]) -> list[NDArray[Any]]:
        """What is attended to, and the cache after the call."""
        return self.session.run(
            {
                "qkv": qkv,
                "keys": self.keys,
                "values": self.values,
                "last": np.array(last, np.int32),
                "cos": self.cos,
                "sin": self.sin,
            }
        )

    def expected(self, qkv: NDArray[np.float32], last: list[int]) -> list[NDArray[Any]]:
        """The same in float64, but for the cache, which is rounded to half precision."""
        rows, steps, _ = qkv.shape
        parts = qkv.reshape(rows, steps, -1, self.width).astype(np.float64)
        keys, values = self.keys.copy(), self.values.copy()
        out = np.empty((rows, steps, self.heads, self.width))
        group = self.heads // self.kv_heads
        for row in range(rows):
            at = np.arange(last[row] - steps + 1, last[row] + 1)
            turned = _turned(parts[row], self.cos[at], self.sin[at])
            keys[row][:, at] = turned[:, self.heads : self.heads + self.kv_heads].swapaxes(0, 1)
            values[row][:, at] = parts[row][:, self.heads + self.kv_heads :].swapaxes(0, 1)
            for step, head in np.ndindex(steps, self.heads):
                first = max(0, at[step] + 1 - self.window) if self.window else 0
                seen = slice(first, at[step] + 1)
                scores = keys[row, head // group, seen].astype(np.float64) @ turned[step, head]
                weights = np.exp((scores - scores.max()) * self.width**-0.5)
                out[row, step, head] = (
                    weights / weights.sum() @ values[row, head // group, seen].astype(np.float64)
                )
        return [out.reshape(rows, steps, -1), keys, values]


def _turned(
    x: NDArray[np.float64], cos: NDArray[np.float32], sin: NDArray[np.float32]
) -> NDArray[np.float64]:
    a, b = np.split(x, 2, axis=-1)
    cos, sin = cos[:, None], sin[:, None]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def _graph(heads: int, kv_heads: int, width: int, window: int = 0) -> bytes:
    half, single = TensorProto.FLOAT16, TensorProto.FLOAT
    cache = ["B", kv_heads, "T", "hd"]
    node = helper.make_node(
        "Attention",
        ["qkv", "keys", "values", "last", "cos", "sin"],
        ["out", "keys.new", "values.new"],
        domain="pressroom",
        heads=heads,
        kv_heads=kv_heads,
        window=window,
        scale=float(width**-0.5),
    )
    inputs = [
        helper.make_tensor_value_info("qkv", single, ["B", "S", "N"]),
        helper.make_tensor_value_info("keys", half, cache),
        helper.make_tensor_value_info("values", half, cache),
        helper.make_tensor_value_info("last", TensorProto.INT32, ["L"]),
        helper.make_tensor_value_info("cos", single, ["P", "h"]),
        helper.make_tensor_value_info("sin", single, ["P", "h"]),
    ]
    outputs = [
        helper.make_tensor_value_info("out", single, ["B", "S", "M"]),
        helper.make_tensor_value_info("keys.new", half, cache),
        helper.make_tensor_value_info("values.new", half, cache),
    ]
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("pressroom", 1)]
    model = helper.make_model(
        helper.make_graph([node], "attention", inputs, outputs), opset_imports=opsets, ir_version=10
    )
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("heads", "kv_heads", "width"),
    [(9, 3, 64), (4, 2, 32), (8, 1, 64), (5, 1, 128), (6, 6, 96), (4, 2, 256)],
)
@pytest.mark.parametrize(
    ("steps", "last"),
    [(1, [0, 63, 64, 200]), (3, [2, 100, 64, 319]), (5, [4, 100, 64, 319]), (70, [69, 69, 200, 319])],
)
def test_it_is_attention(
    library: Path, heads: int, kv_heads: int, width: int, steps: int, last: list[int]
) -> None:
    case = Case.of(library, 4, heads, kv_heads, width)
    qkv = case.new(steps)
    for got, expected in zip(case.run(qkv, last), case.expected(qkv, last), strict=True):
        np.testing.assert_allclose(got, expected, atol=2e-3, rtol=2e-3)
    out, expected = case.run(qkv, last)[0], case.expected(qkv, last)[0]
    assert np.linalg.norm(out - expected) < 2e-4 * np.linalg.norm(expected)


@pytest.mark.parametrize("window", [1, 7, 64, 65, 100, 320])
@pytest.mark.parametrize(
    ("steps", "last"), [(1, [0, 63, 64, 200]), (3, [2, 100, 64, 319]), (70, [69, 99, 200, 319])]
)
def test_a_window_hides_what_lies_before_it(library: Path, window: int, steps: int, last: list[int]) -> None:
    case = Case.of(library, 4, 9, 3, 64, window=window)
    qkv = case.new(steps)
    out, expected = case.run(qkv, last)[0], case.expected(qkv, last)[0]
    assert np.linalg.norm(out - expected) < 2e-4 * np.linalg.norm(expected)


def test_what_lies_before_the_window_of_all_has_no_part_in_it(library: Path) -> None:
    case = Case.of(library, 2, 9, 3, 64, window=30)
    for steps in (1, 40):
        qkv, last = case.new(steps), [100, 170]
        before = case.run(qkv, last)[0]
        for row, at in enumerate(last):
            hidden = at + 1 - steps - 29
            case.keys[row, :, :hidden] = np.nan
            case.values[row, :, :hidden] = np.nan
        np.testing.assert_array_equal(case.run(qkv, last)[0], before)


def test_a_negative_window_is_refused(library: Path) -> None:
    with pytest.raises(EngineUnavailable, match="window cannot be negative"):
        open_session(_graph(9, 3, 64, -1), "cpu", operators=library)


@pytest.mark.parametrize("scale", [0.0, 1e-6, 30.0])
def test_sharp_and_flat_weights(library: Path, scale: float) -> None:
    """Products of thousands, where all but one weight vanish, and of nothing, where all are alike."""
    case = Case.of(library, 2, 9, 3, 64)
    for steps in (1, 40):
        qkv = case.new(steps, scale=scale)
        out, expected = case.run(qkv, [200, 64])[0], case.expected(qkv, [200, 64])[0]
        assert np.isfinite(out).all()
        assert np.linalg.norm(out - expected) <= 2e-3 * np.linalg.norm(expected)


@pytest.mark.parametrize("steps", [1, 3, 40])
def test_a_row_is_the_same_to_the_last_bit_in_any_company_and_on_any_number_of_threads(
    library: Path, steps: int
) -> None:
    case = Case.of(library, 6, 9, 3, 64)
    qkv, last = case.new(steps), [300, 39, 64, 128, 200, 63]
    together = case.run(qkv, last)
    for threads in (1, 4):
        again = Case.of(library, 6, 9, 3, 64, threads=threads).run(qkv, last)
        for one, other in zip(together, again, strict=True):
            np.testing.assert_array_equal(one, other)
    for row in range(6):
        alone = Case.of(library, 6, 9, 3, 64)
        alone.keys, alone.values = alone.keys[row : row + 1], alone.values[row : row + 1]
        for one, whole in zip(alone.run(qkv[row : row + 1], last[row : row + 1]), together, strict=True):
            np.testing.assert_array_equal(one[0], whole[row])


def test_what_lies_behind_a_row_has_no_part_in_it(library: Path) -> None:
    case = Case.of(library, 2, 9, 3, 64)
    for steps in (1, 40):
        qkv, last = case.new(steps), [100, 70]
        before = case.run(qkv, last)[0]
        for row, at in enumerate(last):
            case.keys[row, :, at + 1 :] = np.nan
            case.values[row, :, at + 1 :] = np.nan
        np.testing.assert_array_equal(case.run(qkv, last)[0], before)


@pytest.mark.parametrize(
    ("last", "steps"), [([-1, 5], 1), ([5, ROOM], 1), ([3, 40], 6), ([5, 2**31 - 1], 1), ([-(2**31), 5], 1)]
)
def test_a_position_outside_the_cache_is_refused(library: Path, last: list[int], steps: int) -> None:
    case = Case.of(library, 2, 9, 3, 64)
    with pytest.raises(Exception, match="A position is outside"):
        case.run(case.new(steps), last)


@pytest.mark.parametrize("what", ["qkv", "keys", "values", "last", "cos", "sin", "width"])
def test_sizes_that_do_not_fit_are_refused(library: Path, what: str) -> None:
    case = Case.of(library, 2, 9, 3, 64)
    qkv, last = case.new(1), [5, 6]
    match what:
        case "qkv":
            qkv = qkv[:, :, :-64]
        case "last":
            last = [5]
        case "width":
            case.keys, case.values = case.keys[..., :40], case.values[..., :40]
        case "keys":
            case.keys = case.keys[:1]
        case "values":
            case.values = case.values[:, :, :-1]
        case "cos":
            case.cos = case.cos[:, :-1]
        case _:
            case.sin = case.sin[:-1]
    with pytest.raises(Exception, match=r"do not fit together|width is not offered"):
        case.run(qkv, last)


@pytest.mark.parametrize(("heads", "kv_heads"), [(9, 2), (0, 3), (3, 0)])
def test_heads_that_cannot_be_shared_out_are_refused(library: Path, heads: int, kv_heads: int) -> None:
    with pytest.raises(EngineUnavailable, match="heads must be a multiple"):
        open_session(_graph(heads, kv_heads, 64), "cpu", operators=library)


def test_no_rows_are_no_work(library: Path) -> None:
    case = Case.of(library, 2, 9, 3, 64)
    case.keys, case.values = case.keys[:0], case.values[:0]
    assert case.run(case.new(1)[:0], [])[0].shape == (0, 1, 9 * 64)
