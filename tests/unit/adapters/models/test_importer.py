"""A GGUF file of one's own as a model."""

from pathlib import Path

import pytest
from tests.support.tiny_gguf import CONTEXT, tiny_weights, write_tiny_gguf

from pressroom.adapters.models.build import is_built
from pressroom.adapters.models.errors import ModelError, ModelExists, UnknownVariant, UnsupportedModel
from pressroom.adapters.models.importer import import_gguf
from pressroom.catalog.files import sha256_of
from pressroom.catalog.manifest import Manifest


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    return write_tiny_gguf(tmp_path / "own.gguf", kind="Q4_0")


def test_an_imported_file_is_a_model_with_a_manifest(tmp_path: Path, gguf: Path) -> None:
    manifest = import_gguf(gguf, "my-model", tmp_path / "models", licence="MIT")
    assert (manifest.name, manifest.kind, manifest.title, manifest.licence) == (
        "my-model",
        "text",
        "Tiny",
        "MIT",
    )
    assert manifest.sha256 == sha256_of(gguf)
    assert manifest.text is not None
    assert manifest.text.context == CONTEXT  # less than the usual 2048: it is all the model can
    assert manifest.text.chat
    assert is_built(tmp_path / "models", manifest, "q8")
    written = (tmp_path / "models" / "my-model" / "manifest.json").read_bytes()
    assert Manifest.model_validate_json(written) == manifest


def test_the_file_is_not_needed_afterwards_and_importing_it_again_does_nothing(
    tmp_path: Path, gguf: Path
) -> None:
    first = import_gguf(gguf, "own", tmp_path / "models")
    data = tmp_path / "models" / "own" / "model-q8.onnx.data"
    before = data.stat().st_mtime_ns
    assert import_gguf(gguf, "own", tmp_path / "models") == first
    assert data.stat().st_mtime_ns == before


def test_a_name_is_not_taken_from_other_weights_by_accident(tmp_path: Path, gguf: Path) -> None:
    import_gguf(gguf, "own", tmp_path / "models")
    other = write_tiny_gguf(tmp_path / "other.gguf", weights=tiny_weights(seed=8))
    with pytest.raises(ModelExists, match="own"):
        import_gguf(other, "own", tmp_path / "models")
    replaced = import_gguf(other, "own", tmp_path / "models", replace=True)
    assert replaced.sha256 == sha256_of(other)
    assert is_built(tmp_path / "models", replaced, "q8")


def test_a_shorter_context_and_another_variant_can_be_chosen(tmp_path: Path, gguf: Path) -> None:
    manifest = import_gguf(gguf, "own", tmp_path / "models", variant="q4lr", context=128)
    assert manifest.text is not None
    assert (manifest.text.context, manifest.text.variants) == (128, ("q4lr",))
    assert is_built(tmp_path / "models", manifest, "q4lr")


def test_a_model_without_template_does_not_chat(tmp_path: Path) -> None:
    gguf = write_tiny_gguf(tmp_path / "base.gguf", template="")
    manifest = import_gguf(gguf, "base", tmp_path / "models")
    assert manifest.text is not None
    assert not manifest.text.chat


def test_bad_input_is_refused_and_leaves_nothing(tmp_path: Path, gguf: Path) -> None:
    models = tmp_path / "models"
    with pytest.raises(ModelError, match="no file"):
        import_gguf(tmp_path / "nowhere.gguf", "own", models)
    with pytest.raises(UnknownVariant, match="q8"):
        import_gguf(gguf, "own", models, variant="q2")
    with pytest.raises(ValueError, match="name"):
        import_gguf(gguf, "../escape", models)
    foreign = write_tiny_gguf(tmp_path / "foreign.gguf", architecture="mamba")
    with pytest.raises(UnsupportedModel, match="'mamba'"):
        import_gguf(foreign, "own", models)
    assert not models.exists() or not any(path.is_dir() for path in models.iterdir())
