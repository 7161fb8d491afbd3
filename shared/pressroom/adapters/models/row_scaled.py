"""Products of 8-bit integers with a scale a row: of W (N, K) when the graph is built, of x when it runs.

    s = max |x| / 127   u = round(x / s) + 128   y = ((u - 128) @ w) s t        w = round(W / t)
    (B, S, 1)           (B, S, K) uint8          (B, S, N), summed in int32     (K, N) int8, t (N,)

Here as nodes of ONNX Runtime. On x86 without VNNI its kernel adds pairs of products in 16 bits, where they may
overflow: an engine looks before it opens such a graph. Our own product (``panels``) sums exactly everywhere.
"""

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.graph_nodes import MS, Nodes

_MOST = 127


def row_scaled(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """w (N, K) and t (N,) of weights (N, K). A row of zeros has the scale 1."""
    scale = np.abs(weights).max(axis=1) / np.float32(_MOST)
    scale[scale == 0] = 1
    return np.clip(np.rint(weights / scale[:, None]), -_MOST, _MOST).astype(np.int8), scale


def row_scaled_product(graph: Nodes, x: str, weights: NDArray[np.float32], out: str) -> None:
    """Nodes for ``x @ weights.T``; weights (N, K), x (B, S, K), ``out`` (B, S, N)."""
    scale, quantised = _quantised(graph, x)
    integers, rows = row_scaled(weights)
    inputs = [
        quantised,
        graph.constant(f"{out}.w", integers.T),
        graph.constant("row_scaled.one", np.array(1, np.float32)),
        graph.constant(f"{out}.scale", rows),
        graph.constant("row_scaled.zero", np.array(128, np.uint8)),
        graph.constant("row_scaled.w_zero", np.array(0, np.int8)),
    ]
    product = graph.node("MatMulIntegerToFloat", inputs, f"{out}.unscaled", domain=MS)
    graph.node("Mul", [product, scale], out)


def _quantised(graph: Nodes, x: str) -> tuple[str, str]:
    """The scale and the integers of ``x``, made once for all its products. A row of zeros has the scale 0."""
    scale, integers = f"{x}.scale", f"{x}.u8"
    if not graph.has_node(integers):
        axis = graph.constant("row_scaled.axis", np.array([-1], np.int64))
        size = graph.node("Abs", [x], f"{x}.size")
        most = graph.node("ReduceMax", [size, axis], f"{x}.most", keepdims=1)
        graph.node("Mul", [most, graph.constant("row_scaled.step", np.array(1 / _MOST, np.float32))], scale)
        steps = graph.node("Div", [x, scale], f"{x}.steps")
        ends = [graph.constant("row_scaled.one", np.array(1, np.float32))]
        ends.append(graph.constant("row_scaled.zero", np.array(128, np.uint8)))
        graph.node("QuantizeLinear", [steps, *ends], integers)
    return scale, integers
