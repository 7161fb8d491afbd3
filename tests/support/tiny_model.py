"""The tiny GGUF, built: a model folder and an engine on it."""

from pathlib import Path
from typing import Any

from tests.support.tiny_gguf import CONTEXT, write_tiny_gguf

from pressroom.adapters.models.build import build
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.catalog.files import sha256_of
from pressroom.catalog.manifest import Manifest, TextTraits
from pressroom.engines.text.engine import TextEngine
from pressroom.engines.text.opening import open_text_engine


def tiny_manifest(gguf: Path, *variants: str) -> Manifest:
    return Manifest(
        name="tiny",
        version="1",
        kind="text",
        title="Tiny",
        description="Random weights.",
        licence="Apache-2.0",
        origin="tests",
        sha256=sha256_of(gguf),
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
