"""A random LSTM of two layers as a folder with torch's names, with the tiny GGUF's vocabulary."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tests.support.tiny_gguf import CONTEXT, vocabulary
from tests.support.tiny_model import tiny_manifest
from tests.support.tiny_shapes import write_tokenizer

from pressroom.adapters.models.build import build
from pressroom.adapters.models.recurrent import RecurrentModel

DEPTH, WIDTH, VOCAB = 24, 40, len(vocabulary())


def lstm_tensors(layers: int = 2, *, tied: bool = False) -> dict[str, NDArray[np.float32]]:
    """``tied``: no head of its own, and embeddings as wide as the state."""
    dice = np.random.default_rng(3)
    depth = WIDTH if tied else DEPTH

    def draw(*shape: int, gain: float) -> NDArray[np.float32]:
        return (dice.normal(size=shape) * gain).astype(np.float32)

    tensors = {"embedding.weight": draw(VOCAB, depth, gain=1.5)}
    for n in range(layers):
        tensors[f"lstm.weight_ih_l{n}"] = draw(4 * WIDTH, WIDTH if n else depth, gain=0.5)
        tensors[f"lstm.weight_hh_l{n}"] = draw(4 * WIDTH, WIDTH, gain=0.3)
        tensors[f"lstm.bias_ih_l{n}"] = draw(4 * WIDTH, gain=0.3)
        tensors[f"lstm.bias_hh_l{n}"] = draw(4 * WIDTH, gain=0.3)
    if not tied:
        tensors["head.weight"] = draw(VOCAB, WIDTH, gain=1.5)
        tensors["head.bias"] = draw(VOCAB, gain=0.5)
    return tensors


def write_tiny_lstm(folder: Path, *, layers: int = 2, tied: bool = False, **changes: Any) -> Path:
    """``changes`` are the config's."""
    folder.mkdir(parents=True)
    config = {"model_type": "lstm", "num_layers": layers, "context": CONTEXT, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    save_file(lstm_tensors(layers, tied=tied), folder / "model.safetensors")
    write_tokenizer(folder)
    return folder


def build_tiny_lstm(models_dir: Path) -> Path:
    """``<models_dir>/tiny``."""
    scratch = models_dir / "scratch"
    scratch.mkdir(parents=True)
    source = write_tiny_lstm(models_dir / "lstm")
    return build(RecurrentModel(source), tiny_manifest(source, "fp32"), models_dir, "fp32", scratch)
