"""Weights in fewer bits: half floats, or whole numbers of 8 bits for the matrices of dense layers.

Either changes what a network makes, so the outputs are held against those of full weights. Convolutions stay as they are
with 8 bits: their dynamic quantisation is slower than what it replaces.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

from pressroom.engines.sessions import Provider, open_session
from pressroom.training.exporting.errors import TooFarOff
from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.exporting.weights import Weights

LEAST_DB = 35.0
"""Signal to noise of outputs against those of full weights: at 35 dB a grey level of 256 is off by 4 or 5, which an eye does
not find in a picture of these sizes."""

_ROWS = 256


def lighten(path: Path, weights: Weights) -> None:
    """The file, with its weights so."""
    if weights == "fp16":
        onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=True), path)
    elif weights == "int8":
        quantize_dynamic(path, path, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8)


@torch.no_grad()
def signal_to_noise(graph: Graph, path: Path, *, seed: int = 0) -> float:
    """dB by which the worst output's range is above its error: 10 log₁₀(range² / mean square error); infinite if exact."""
    session = open_session(path, Provider.CPU)
    graph.module.eval()
    inputs = graph.example(_ROWS, torch.Generator().manual_seed(seed))
    expected = graph.module(*inputs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    feeds = {name: value.numpy() for name, value in zip(graph.inputs, inputs, strict=True)}
    worst = float("inf")
    for got, want in zip(session.run(feeds), (value.numpy() for value in expected), strict=True):
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
