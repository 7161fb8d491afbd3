"""Is the exported file the same function as the module? Compared on random inputs, in the real runtime."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pressroom.engines.sessions import Provider, open_session
from pressroom.training.exporting.errors import ParityBroken
from pressroom.training.exporting.onnx_file import Graph

BATCHES = (1, 2, 7, 64)


def largest_difference(graph: Graph, path: Path, *, batches: Sequence[int] = BATCHES, seed: int = 0) -> float:
    """Largest |ONNX - torch| / max(1, |torch|) over all outputs and batch sizes."""
    session = open_session(path, Provider.CPU)
    generator = torch.Generator().manual_seed(seed)
    worst = 0.0
    for rows in batches:
        feeds, expected = graph.answers(rows, generator)
        for got, want in zip(session.run(feeds), expected.values(), strict=True):
            worst = max(worst, _difference(got, want))
    return worst


def require_parity(graph: Graph, path: Path) -> float:
    """``largest_difference``; raises ``ParityBroken`` when it is above the graph's tolerance or not a number."""
    difference = largest_difference(graph, path)
    if not difference <= graph.tolerance:
        raise ParityBroken(
            f"{path.name} differs from its module by {difference:.2e}, above {graph.tolerance:.0e}: do not publish it."
        )
    return difference


def _difference(got: NDArray[np.float32], want: NDArray[np.float32]) -> float:
    if got.shape != want.shape:
        raise ParityBroken(f"shapes differ: {got.shape} from the file, {want.shape} from the module.")
    return float(np.max(np.abs(got - want) / np.maximum(1, np.abs(want))))
