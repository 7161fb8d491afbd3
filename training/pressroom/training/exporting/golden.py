"""Writes the golden outputs that travel with a model (``engines/golden.py`` says what they are for)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pressroom.engines.golden import FILE
from pressroom.training.exporting.onnx_file import Graph

_SEED = 20


def write(graphs: Mapping[str, Graph], folder: Path) -> None:
    """By the networks themselves."""
    arrays: dict[str, Any] = {}
    for role, graph in graphs.items():
        inputs, outputs = graph.answers(graph.golden_rows, torch.Generator().manual_seed(_SEED))
        for side, named in (("in", inputs), ("out", outputs)):
            arrays |= {f"{role}/{side}/{name}": array for name, array in named.items()}
    np.savez_compressed(folder / FILE, **arrays)
