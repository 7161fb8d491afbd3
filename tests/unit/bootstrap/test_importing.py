"""Import with the engine at the gate: what is far from its weights is refused, and can be told later, too."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tests.support.tiny_lstm import write_tiny_lstm
from tests.support.tiny_shapes import SHAPES, write_tiny_folder
from tests.support.tiny_shapes_gguf import write_shape

from pressroom.adapters.models.errors import ParityFailed
from pressroom.adapters.models.hf_weights import FolderModel
from pressroom.adapters.models.original import likeliest, places
from pressroom.bootstrap import importing
from pressroom.bootstrap.importing import check_model, import_model
from pressroom.catalog.files import BuiltMarker, FileMark, read_marker
from pressroom.catalog.parity import LIMITS, read_parity
from pressroom.domain.errors import ModelCorrupt
from pressroom.engines.text.opening import open_text_engine
from pressroom.engines.text.parity import distance
from pressroom.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", models_dir=tmp_path / "models", text_threads=1)


def imported(path: Path, settings: Settings, **options: Any) -> Path:
    return import_model(path, "own", settings, lambda what: None, **{"variant": "fp32", **options})


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_imported_checked_and_opened(tmp_path: Path, settings: Settings, shape: str) -> None:
    folder = imported(write_tiny_folder(tmp_path / shape, shape), settings)
    record = read_parity(folder, "fp32")
    assert record.distance["onnxruntime"] < LIMITS["fp32"] / 10
    assert all(len(golden.tokens) == 12 for golden in record.golden)
    said: list[str] = []
    check_model("own", None, settings, said.append)
    assert said[-1] == "fp32: 3 of 3 golden texts are as they were"
    engine = open_text_engine(folder, provider="cpu", slots=1, slot_tokens=64)
    assert engine.info.variant == "fp32"
    engine.close()


@pytest.mark.parametrize("shape", ["gemma3", "phi3"])
def test_a_gguf_file_passes_the_gate_too(tmp_path: Path, settings: Settings, shape: str) -> None:
    folder = imported(write_shape(tmp_path / "m.gguf", shape), settings)
    assert read_parity(folder, "fp32").distance["onnxruntime"] < LIMITS["fp32"] / 10


def test_an_lstm_passes_the_gate_too(tmp_path: Path, settings: Settings) -> None:
    folder = imported(write_tiny_lstm(tmp_path / "m"), settings)
    assert read_parity(folder, "fp32").distance["onnxruntime"] < LIMITS["fp32"] / 10
    check_model("own", None, settings, lambda what: None)


def test_both_graphs_are_looked_at_where_there_are_two(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, "q8", 2.0)  # random weights are far harder to round than trained ones
    folder = imported(write_tiny_folder(tmp_path / "m", "qwen3"), settings, variant="q8")
    assert set(read_parity(folder, "q8").distance) == {"onnxruntime", "pressroom"}


def test_a_graph_that_is_not_its_weights_is_refused_and_leaves_nothing(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_another(model: Any, tokens: tuple[int, ...], after: tuple[int, ...]) -> Any:
        model.geometry = replace(model.geometry, score_scale=model.geometry.score_scale * 1.1)
        return likeliest(model, tokens, after)

    monkeypatch.setattr(importing, "likeliest", of_another)
    with pytest.raises(ParityFailed, match=r"not what its weights say.*nats"):
        imported(write_tiny_folder(tmp_path / "m", "llama"), settings)
    assert not (settings.models / "own").exists()


def test_a_model_that_has_changed_since_is_told_to_have(tmp_path: Path, settings: Settings) -> None:
    folder = imported(write_tiny_folder(tmp_path / "m", "llama"), settings)
    _spoil(folder)
    with pytest.raises(ParityFailed):
        check_model("own", "fp32", settings, lambda what: None)


def _spoil(folder: Path) -> None:
    """Another norm in the graph, and its files' marks in step: as a builder with an error would leave them."""
    path = folder / "model-fp32.onnx"
    graph = onnx.load(path)
    (gain,) = (each for each in graph.graph.initializer if each.name == "output_norm.weight")
    gain.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(gain), gain.name))
    onnx.save(graph, path, save_as_external_data=True, location=f"{path.name}.data")
    marker = read_marker(folder / "model-fp32.built.json")
    files = {name: FileMark.of(folder / name) for name in marker.files}
    renewed = BuiltMarker(recipe=marker.recipe, weights_sha256=marker.weights_sha256, files=files)
    (folder / "model-fp32.built.json").write_text(renewed.model_dump_json())


def test_a_model_without_a_record_cannot_be_checked(tmp_path: Path, settings: Settings) -> None:
    folder = imported(write_tiny_folder(tmp_path / "m", "llama"), settings)
    with pytest.raises(ModelCorrupt, match="nothing to hold it against"):
        check_model("own", "q8", settings, lambda what: None)
    (folder / "parity-fp32.json").write_text("{}")
    with pytest.raises(ModelCorrupt, match="cannot be read"):
        check_model("own", "fp32", settings, lambda what: None)


def test_numbers_that_are_none_are_infinitely_far(tmp_path: Path) -> None:
    model = FolderModel(write_tiny_folder(tmp_path / "m", "llama"))
    tokens, after = places(model)
    expected = likeliest(model, tokens, after)
    logits = np.full((len(after), model.geometry.vocab), np.nan, np.float32)
    assert distance(expected, logits) == float("inf")
