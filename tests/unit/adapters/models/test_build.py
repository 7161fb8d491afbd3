"""A model folder is whole or does not count."""

import os
from pathlib import Path

import pytest
from tests.support.tiny_gguf import CONTEXT, HEAD_SIZE, KV_HEADS, LAYERS, write_tiny_gguf
from tests.support.tiny_model import tiny_manifest

from pressroom.adapters.models import build as build_module
from pressroom.adapters.models.build import build, is_built
from pressroom.adapters.models.errors import UnknownVariant, UnsupportedModel
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.catalog.manifest import Manifest
from pressroom.catalog.text_spec import built_file, graph_file, read_text_spec


def _build(folder: Path, variant: str = "q8") -> tuple[Path, Manifest]:
    """Build a tiny model below ``folder``."""
    scratch = folder / f"scratch-{variant}"
    scratch.mkdir()
    gguf = folder / "m.gguf"
    if not gguf.exists():
        write_tiny_gguf(gguf)
    manifest = tiny_manifest(gguf, "q8", "fp32")
    return build(GgufModel(gguf), manifest, folder, variant, scratch), manifest


def test_a_built_model_holds_what_the_engine_needs(tmp_path: Path) -> None:
    model, manifest = _build(tmp_path)
    assert {path.name for path in model.iterdir()} == {
        "manifest.json",
        "tokenizer.json",
        "text.json",
        "model-q8.onnx",
        "model-q8.kernels.onnx",
        "model-q8.onnx.data",
        "model-q8.built.json",
    }
    assert is_built(tmp_path, manifest, "q8")
    assert not is_built(tmp_path, manifest, "fp32")
    assert Manifest.model_validate_json((model / "manifest.json").read_bytes()) == manifest
    spec = read_text_spec(model)
    assert spec.context == CONTEXT
    assert spec.cache_bytes_per_token() == 2 * LAYERS * KV_HEADS * HEAD_SIZE * 4


def test_variants_live_side_by_side(tmp_path: Path) -> None:
    _build(tmp_path, "q8")
    _, manifest = _build(tmp_path, "fp32")
    assert is_built(tmp_path, manifest, "q8")
    assert is_built(tmp_path, manifest, "fp32")


@pytest.mark.parametrize("lost", ["model-q8.built.json", "model-q8.onnx.data", "text.json", "tokenizer.json"])
def test_a_lost_file_means_not_built(tmp_path: Path, lost: str) -> None:
    model, manifest = _build(tmp_path)
    (model / lost).unlink()
    assert not is_built(tmp_path, manifest, "q8")


def test_a_cut_file_means_not_built(tmp_path: Path) -> None:
    model, manifest = _build(tmp_path)
    os.truncate(model / "model-q8.onnx.data", 100)
    assert not is_built(tmp_path, manifest, "q8")


@pytest.mark.parametrize("marker", [b"", b"{}", b"not json"])
def test_a_spoilt_marker_means_not_built(tmp_path: Path, marker: bytes) -> None:
    model, manifest = _build(tmp_path)
    (model / built_file("q8")).write_bytes(marker)
    assert not is_built(tmp_path, manifest, "q8")


def test_other_weights_or_another_recipe_mean_not_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, manifest = _build(tmp_path)
    assert not is_built(tmp_path, manifest.model_copy(update={"sha256": "0" * 64}), "q8")
    monkeypatch.setattr(build_module, "RECIPE", build_module.RECIPE + 1)
    assert not is_built(tmp_path, manifest, "q8")


def test_a_build_that_dies_on_the_way_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever file is the last to be moved in before the death."""
    real = os.replace
    moved = 0

    def dying(source: Path, target: Path) -> None:
        nonlocal moved
        if moved == limit:
            raise KeyboardInterrupt
        moved += 1
        real(source, target)

    for limit in range(6):
        moved = 0
        folder = tmp_path / str(limit)
        folder.mkdir()
        monkeypatch.setattr(os, "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            _build(folder)
        monkeypatch.setattr(os, "replace", real)
        assert not is_built(folder, tiny_manifest(folder / "m.gguf"), "q8")


def test_an_unknown_variant_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownVariant, match=r"'q3'.*q8, q4lr"):
        _build(tmp_path, "q3")
    assert not (tmp_path / "tiny").exists()


def test_an_unsupported_model_leaves_no_folder(tmp_path: Path) -> None:
    write_tiny_gguf(tmp_path / "m.gguf", pre="tekken")
    with pytest.raises(UnsupportedModel):
        _build(tmp_path)
    assert not (tmp_path / "tiny").exists()
    assert not list(tmp_path.rglob(graph_file("q8")))
