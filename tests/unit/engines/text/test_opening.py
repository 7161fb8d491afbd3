"""What an engine says of itself when it is open."""

from pathlib import Path

import pytest
from tests.support.tiny_gguf import write_tiny_gguf
from tests.support.tiny_model import tiny_manifest

from pressroom.adapters.models.build import build
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.engines.kernels.library import kernels
from pressroom.engines.text.opening import open_text_engine


@pytest.mark.parametrize("own", [True, False])
def test_it_names_its_variant_and_whose_kernels_it_uses(tmp_path: Path, own: bool) -> None:
    gguf = write_tiny_gguf(tmp_path / "m.gguf")
    (tmp_path / "scratch").mkdir()
    folder = build(GgufModel(gguf), tiny_manifest(gguf, "q8"), tmp_path, "q8", tmp_path / "scratch")
    info = open_text_engine(folder, provider="cpu", kernels=own).info
    assert info.variant == "q8"
    assert info.kernels == ("pressroom" if own and kernels() is not None else "onnxruntime")
