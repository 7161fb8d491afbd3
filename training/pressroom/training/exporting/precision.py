"""Weights in fewer bits: half floats, or whole numbers of 8 bits for the matrices of dense layers.

    fp16    what is multiplied is stored in 16 bits, and read as float32: half the size
    int8    a matrix is stored in 8 bits with a scale for each of its outputs, its input is rounded to 8 bits as it comes, and
            whole numbers are multiplied (ONNX: DynamicQuantizeLinear, MatMulInteger); convolutions stay as they are

Either changes what a network makes, so the outputs are held against those of full weights.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pressroom.engines.sessions import Provider, open_session
from pressroom.training.exporting.errors import TooFarOff
from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.exporting.weights import Weights

LEAST_DB = 35.0
"""Signal to noise of outputs against those of full weights: at 35 dB a grey level of 256 is off by 4 or 5, which an eye does
not find in a picture of these sizes."""

_ROWS = 256
_SMALL = 256
"""Numbers that are not worth storing in fewer bits."""


def lighten(path: Path, weights: Weights) -> None:
    """The file, with its weights so."""
    if weights == "fp32":
        return
    model = onnx.load(path)
    if weights == "fp16":
        _halve(model.graph)
    else:
        _quantise(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _halve(graph: onnx.GraphProto) -> None:
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _SMALL:
            continue
        name = tensor.name
        half = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    _begin_with(graph, casts)


def _quantise(graph: onnx.GraphProto) -> None:
    matrices = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2}
    nodes: list[onnx.NodeProto] = []
    done = set()
    for node in graph.node:
        if node.op_type not in ("Gemm", "MatMul") or node.input[1] not in matrices or not _plain(node):
            nodes.append(node)
            continue
        name = node.input[1]
        turned = any(each.name == "transB" and each.i for each in node.attribute)
        matrix = numpy_helper.to_array(matrices[name])
        nodes += _in_whole_numbers(node, matrix.T if turned else matrix, graph)
        done.add(name)
    kept = [tensor for tensor in graph.initializer if tensor.name not in done]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)


def _plain(node: onnx.NodeProto) -> bool:
    """Whether it is x W + b, and nothing else."""
    said = {each.name: each for each in node.attribute}
    factors = all(said[name].f == 1 for name in ("alpha", "beta") if name in said)
    return factors and not ("transA" in said and said["transA"].i)


def _in_whole_numbers(
    node: onnx.NodeProto, matrix: NDArray[np.float32], graph: onnx.GraphProto
) -> list[onnx.NodeProto]:
    """x W + b with W (K, N) in 8 bits: x is rounded to 8 bits by its own range."""
    own = node.output[0]
    scale = np.maximum(np.abs(matrix).max(0), 1e-12) / 127  # (N,)
    whole = np.clip(np.round(matrix / scale), -127, 127).astype(np.int8)
    for name, array in ((f"{own}.whole", whole), (f"{own}.scale", scale.astype(np.float32))):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
    x, x_scale, x_zero = f"{own}.x", f"{own}.x_scale", f"{own}.x_zero"
    bias = list(node.input[2:])
    scaled = f"{own}.scaled" if bias else own
    made = [
        helper.make_node("DynamicQuantizeLinear", [node.input[0]], [x, x_scale, x_zero]),
        helper.make_node("MatMulInteger", [x, f"{own}.whole", x_zero], [f"{own}.sum"]),
        helper.make_node("Cast", [f"{own}.sum"], [f"{own}.float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [x_scale, f"{own}.scale"], [f"{own}.both"]),
        helper.make_node("Mul", [f"{own}.float", f"{own}.both"], [scaled]),
    ]
    return [*made, helper.make_node("Add", [scaled, *bias], [own])] if bias else made


def _begin_with(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    others = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *others])


def signal_to_noise(graph: Graph, path: Path, *, seed: int = 0) -> float:
    """dB by which the worst output's range is above its error: 10 log₁₀(range² / mean square error); infinite if exact."""
    session = open_session(path, Provider.CPU)
    feeds, expected = graph.answers(_ROWS, torch.Generator().manual_seed(seed))
    worst = float("inf")
    for got, want in zip(session.run(feeds), expected.values(), strict=True):
        error = np.square(got.astype(np.float64) - want).mean()
        if not np.isfinite(error):
            return float("nan")
        if error > 0:
            worst = min(worst, float(10 * np.log10(np.square(np.ptp(want)) / error)))
    return worst


def require_likeness(graph: Graph, path: Path, *, least_db: float = LEAST_DB) -> float:
    """``signal_to_noise``; raises TooFarOff where it is below ``least_db`` or not a number."""
    found = signal_to_noise(graph, path)
    if not found >= least_db:
        raise TooFarOff(
            f"{path.name}: with these weights its outputs are {found:.1f} dB above their error, {least_db:g} are asked. "
            "Export it with more bits."
        )
    return found
