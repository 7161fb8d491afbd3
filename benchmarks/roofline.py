"""What the machine can do at most, measured beside what is done on it: reading memory, and multiplying.

    read        two threads, each the dot product of two arrays far larger than any cache (BLAS)
    float32     a product of two matrices, 2,048 each way (BLAS)
    int8        a product of 8-bit integers with 512 rows: ONNX Runtime's and our own, whichever is faster

A step with one row has to read every weight once, so it cannot be faster than ``read`` allows; with many rows it has to
multiply each of them with every weight. Attention and norms are left out of both: the limits are above what can be had.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from pressroom.adapters.models.panels import panels
from pressroom.engines.kernels.library import kernels
from pressroom.engines.sessions import open_session

_READ_FLOATS = 48 << 20
_SIZE = 2048
_ROWS, _DEPTH, _COLUMNS = 512, 1024, 4096
_NOT_READ_WHOLE = ("embed.", "token_embd", "rotary.")


@dataclass(frozen=True, slots=True)
class Limits:
    """Gigabytes read, and thousand million operations (a multiplication and a sum are two), a second."""

    read: float
    float32: float
    int8: float


class Machine:
    """Measures its limits again and again: what else runs changes them."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        dice = np.random.default_rng(0)
        self._long = [np.ones(_READ_FLOATS, np.float32) for _ in range(2 * threads)]
        self._square = dice.normal(size=(_SIZE, _SIZE)).astype(np.float32)
        self._integer = [self._of_onnxruntime(), self._of_ours()]

    def measure(self) -> Limits:
        square = 2 * _SIZE**3 / _seconds(lambda: self._square @ self._square)
        product = 2 * _ROWS * _DEPTH * _COLUMNS
        fastest = max(product / _seconds(run) for run in self._integer if run is not None)
        return Limits(self._read() / 1e9, square / 1e9, fastest / 1e9)

    def _read(self) -> float:
        def dot(number: int) -> None:
            np.dot(self._long[2 * number], self._long[2 * number + 1])

        def all_at_once() -> None:
            threads = [threading.Thread(target=dot, args=(number,)) for number in range(self._threads)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        return 8 * _READ_FLOATS * self._threads / _seconds(all_at_once)

    def _of_onnxruntime(self) -> Callable[[], object]:
        left = np.full((_ROWS, _DEPTH), 130, np.uint8)
        right = np.ones((_DEPTH, _COLUMNS), np.int8)
        graph = helper.make_graph(
            [helper.make_node("MatMulInteger", ["a", "b"], ["c"])],
            "product",
            [helper.make_tensor_value_info("a", TensorProto.UINT8, left.shape)],
            [helper.make_tensor_value_info("c", TensorProto.INT32, [_ROWS, _COLUMNS])],
            [numpy_helper.from_array(right, "b")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        session = open_session(model.SerializeToString(), "cpu", self._threads, spinning=True)
        return lambda: session.run({"a": left})

    def _of_ours(self) -> Callable[[], object] | None:
        library = kernels()
        if library is None:
            return None
        made = panels(np.ones((_COLUMNS, _DEPTH), np.float32), None)
        constants = {"w": made.weights, "scale": made.scale, "shift": made.shift}
        node = helper.make_node(
            "Product",
            ["x", *constants],
            ["y", "u", "s"],
            domain="pressroom",
            columns=_COLUMNS,
            gated=0,
            epsilon=1.0,
        )
        graph = helper.make_graph(
            [node],
            "product",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [_ROWS, _DEPTH])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [_ROWS, _COLUMNS])],
            [numpy_helper.from_array(value, name) for name, value in constants.items()],
        )
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid("pressroom", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        session = open_session(
            model.SerializeToString(), "cpu", self._threads, spinning=True, operators=library
        )
        x = np.ones((_ROWS, _DEPTH), np.float32)
        return lambda: session.run({"x": x})


@dataclass(frozen=True, slots=True)
class Weights:
    """What a step reads of a graph at least (bytes), and with how many numbers each row is multiplied."""

    read_bytes: int
    numbers: int


def weights_of(graph: Path) -> Weights:
    """Matrices alone; of the embedding a step reads a row a token."""
    read, numbers = 0, 0
    for each in onnx.load(graph, load_external_data=False).graph.initializer:
        if len(each.dims) < 2 or each.name.startswith(_NOT_READ_WHOLE):
            continue
        size = int(np.prod(each.dims))
        read += size * np.dtype(helper.tensor_dtype_to_np_dtype(each.data_type)).itemsize
        if each.name.endswith((".w", ".q")):
            numbers += size
    return Weights(read, numbers)


def _seconds(work: Callable[[], object], tries: int = 3) -> float:
    """The fastest of a few."""
    best = float("inf")
    for _ in range(tries):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best
