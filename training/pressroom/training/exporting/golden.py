"""Writes the golden outputs that travel with a model (``engines/golden.py`` says what they are for)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pressroom.engines.golden import FILE
from pressroom.training.exporting.onnx_file import Graph

_ROWS, _SEED = 4, 20


@torch.no_grad()
def write(graphs: Mapping[str, Graph], folder: Path) -> None:
    """By the networks themselves."""
    arrays: dict[str, Any] = {}
    for role, graph in graphs.items():
        graph.module.eval()
        inputs = graph.example(_ROWS, torch.Generator().manual_seed(_SEED))
        outputs = graph.module(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        arrays |= {
            f"{role}/in/{name}": value.numpy() for name, value in zip(graph.inputs, inputs, strict=True)
        }
        arrays |= {
            f"{role}/out/{name}": value.numpy() for name, value in zip(graph.outputs, outputs, strict=True)
        }
    np.savez_compressed(folder / FILE, **arrays)
