"""The tiny GGUF, built: a model folder and an engine on it."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.services.absent import missing
from tests.support.tiny_gguf import CONTEXT, write_tiny_gguf

from pressroom.adapters.models.build import build
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.adapters.models.weights import Source
from pressroom.catalog.files import sha256_of
from pressroom.catalog.manifest import Manifest, TextTraits
from pressroom.catalog.text_spec import graph_file, read_text_spec
from pressroom.engines.kernels.library import kernels
from pressroom.engines.sessions import open_session
from pressroom.engines.text.engine import TextEngine
from pressroom.engines.text.opening import open_text_engine
from pressroom.engines.text.state import State, open_state

SLOTS, LENGTH = 3, 64


def tiny_manifest(source: Path, *variants: str) -> Manifest:
    """``source``: a GGUF file, or a folder."""
    return Manifest(
        name="tiny",
        version="1",
        kind="text",
        title="Tiny",
        description="Random weights.",
        licence="Apache-2.0",
        origin="tests",
        sha256=sha256_of(source if source.is_file() else source / "config.json"),
        text=TextTraits(context=CONTEXT, variants=variants or ("q8",)),
    )


def build_tiny_model(models_dir: Path, variant: str = "q8", **gguf: Any) -> Path:
    """``<models_dir>/tiny``, built from a fresh GGUF beside it."""
    scratch = models_dir / "scratch"
    scratch.mkdir(parents=True)
    source = write_tiny_gguf(models_dir / "tiny.gguf", **gguf)
    return build(GgufModel(source), tiny_manifest(source, variant), models_dir, variant, scratch)


def tiny_engine(
    folder: Path, *, slots: int = 4, slot_tokens: int = CONTEXT, prefix_bytes: int = 0
) -> TextEngine:
    return open_text_engine(
        folder, provider="cpu", slots=slots, slot_tokens=slot_tokens, prefix_bytes=prefix_bytes
    )


def decoder_of(folder: Path, model: Source, variant: str, *, own: bool = False) -> State:
    """``model`` built below ``folder``, its graph opened with ``SLOTS`` rows of ``LENGTH``; ``own``: with our kernels."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    made = build(model, tiny_manifest(model.path, variant), folder, variant, scratch)
    shutil.rmtree(scratch)
    library = kernels() if own else None
    if own and library is None:
        missing("the engines' kernels", "run `python scripts/build_kernels.py`")
    session = open_session(made / graph_file(variant, kernels=own), "cpu", operators=library)
    return open_state(session, read_text_spec(made), SLOTS, LENGTH)


def stepwise(decoder: State, slot: int, tokens: list[int]) -> list[NDArray[np.float32]]:
    """Logits after a first piece of the tokens (10), after a second (20), and after each single one that follows."""
    rows = [decoder.prefill(slot, tokens[:10], 0).copy(), decoder.prefill(slot, tokens[10:30], 10).copy()]
    for at in range(30, len(tokens)):
        rows.append(decoder.prefill(slot, tokens[at : at + 1], at).copy())
    return rows
