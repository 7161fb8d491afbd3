"""Products of 8-bit integers with a scale a row: of W (N, K) when the graph is built, of x when it runs.

    s = max |x| / 127   u = round(x / s) + 128   y = ((u - 128) @ w) s t        w = round(W / t)
    (B, S, 1)           (B, S, K) uint8          (B, S, N), summed in int32     (K, N) int8, t (N,)

On a processor with VNNI this is the fastest product there is, from a few rows on by far. On x86 without it the
kernel adds pairs of products in 16 bits, where they may overflow: an engine looks before it opens such a graph.
"""

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.graph_nodes import MS, Nodes

_MOST = 127


def row_scaled_product(graph: Nodes, x: str, weights: NDArray[np.float32], out: str) -> None:
    """Nodes for ``x @ weights.T``; weights (N, K), x (B, S, K), ``out`` (B, S, N)."""
    scale, quantised = _quantised(graph, x)
    rows = np.abs(weights).max(axis=1) / np.float32(_MOST)
    rows[rows == 0] = 1
    integers = np.clip(np.rint(weights / rows[:, None]), -_MOST, _MOST).astype(np.int8)
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


def quantised_from(integers: str) -> tuple[str, str]:
    """What the integers of that name were made of, and their scale."""
    x = integers.removesuffix(".u8")
    return x, f"{x}.scale"


def quantising_nodes(integers: str) -> tuple[str, ...]:
    """The nodes, by their outputs, that lead to the integers of that name and to their scale."""
    x, scale = quantised_from(integers)
    return f"{x}.size", f"{x}.most", scale, f"{x}.steps"


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
