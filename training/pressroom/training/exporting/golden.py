"""Golden outputs: a few inputs and what the network makes of them, kept beside the model, so that anyone can hold a file, a
runtime or a machine against them at any time."""

from pathlib import Path

import numpy as np
import torch

from pressroom.engines.sessions import Provider, open_session
from pressroom.training.exporting.onnx_file import Graph

FILE = "golden.npz"
_ROWS, _SEED = 4, 20


@torch.no_grad()
def write(graphs: dict[str, Graph], folder: Path) -> None:
    """By the networks themselves; keys are ``role/in/NAME`` and ``role/out/NAME``."""
    arrays = {}
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


def largest_difference(folder: Path, files: dict[str, str]) -> float:
    """Largest |file - golden| / max(1, |golden|) of a folder's graphs, by role."""
    worst = 0.0
    with np.load(folder / FILE) as golden:
        for role, file in files.items():
            session = open_session(folder / file, Provider.CPU)
            feeds = {name: golden[f"{role}/in/{name}"] for name in session.inputs}
            for name, got in zip(session.outputs, session.run(feeds), strict=True):
                want = golden[f"{role}/out/{name}"]
                if got.shape != want.shape:
                    return float("inf")
                worst = max(worst, float(np.max(np.abs(got - want) / np.maximum(1, np.abs(want)))))
    return worst
