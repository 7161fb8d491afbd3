"""Published files as a model of one's own: a GGUF file, or a folder."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.tiny_gguf import CONTEXT, tiny_weights, write_tiny_gguf
from tests.support.tiny_shapes import write_tiny_folder

from pressroom.adapters.models import importer
from pressroom.adapters.models.build import is_built
from pressroom.adapters.models.errors import (
    ModelError,
    ModelExists,
    ParityFailed,
    UnknownVariant,
    UnsupportedModel,
)
from pressroom.catalog.files import sha256_of
from pressroom.catalog.manifest import Manifest


def import_gguf(path: Path, name: str, models: Path, **options: Any) -> Manifest:
    return importer.import_model(path, name, models, **{"gate": lambda folder, model: None, **options})


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
    with pytest.raises(ModelError, match="There is no"):
        import_gguf(tmp_path / "nowhere.gguf", "own", models)
    with pytest.raises(UnknownVariant, match="q8"):
        import_gguf(gguf, "own", models, variant="q2")
    with pytest.raises(ValueError, match="name"):
        import_gguf(gguf, "../escape", models)
    foreign = write_tiny_gguf(tmp_path / "foreign.gguf", architecture="mamba")
    with pytest.raises(UnsupportedModel, match="'mamba'"):
        import_gguf(foreign, "own", models)
    assert not models.exists() or not any(path.is_dir() for path in models.iterdir())


def test_another_variant_of_the_same_weights_is_added(tmp_path: Path, gguf: Path) -> None:
    models = tmp_path / "models"
    import_gguf(gguf, "own", models)
    both = import_gguf(gguf, "own", models, variant="fp32")
    assert both.text is not None
    assert both.text.variants == ("q8", "fp32")
    assert is_built(models, both, "q8")
    assert is_built(models, both, "fp32")
    assert import_gguf(gguf, "own", models) == both


@pytest.mark.parametrize("replace", [False, True])
def test_what_the_gate_refuses_leaves_things_as_they_were(tmp_path: Path, gguf: Path, replace: bool) -> None:
    models = tmp_path / "models"

    def refuses(folder: Path, model: object) -> None:
        assert (folder / "model-q8.onnx").is_file()
        raise ParityFailed("too far")

    with pytest.raises(ParityFailed):
        import_gguf(gguf, "own", models, gate=refuses)
    assert not (models / "own").exists()
    before = import_gguf(gguf, "own", models)
    other = write_tiny_gguf(tmp_path / "other.gguf", weights=tiny_weights(seed=8))
    with pytest.raises(ParityFailed if replace else ModelExists):
        import_gguf(other, "own", models, gate=refuses, replace=replace)
    assert is_built(models, before, "q8")
    assert Manifest.model_validate_json((models / "own" / "manifest.json").read_bytes()) == before


def test_what_the_gate_writes_is_a_part_of_the_model(tmp_path: Path, gguf: Path) -> None:
    models = tmp_path / "models"
    manifest = import_gguf(gguf, "own", models, gate=lambda folder, model: _note(folder))
    assert is_built(models, manifest, "q8")
    (models / "own" / "note.json").unlink()
    assert not is_built(models, manifest, "q8")


def _note(folder: Path) -> None:
    (folder / "note.json").write_text("{}")


CARD = """---
license: apache-2.0
language:
- en
- "de"
tags: [a, b]
---
# A model
license: not this one
"""


def test_a_folder_is_a_model_with_what_its_card_says(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "Tiny-Qwen", "qwen3")
    (folder / "README.md").write_text(CARD)
    manifest = import_gguf(folder, "qwen", tmp_path / "models")
    assert (manifest.title, manifest.licence, manifest.languages) == ("Tiny-Qwen", "apache-2.0", ("en", "de"))
    assert manifest.origin == "from Tiny-Qwen"
    assert import_gguf(folder, "qwen", tmp_path / "models", licence="MIT").licence == "MIT"
    changed = write_tiny_folder(tmp_path / "changed", "qwen3", rms_norm_eps=1e-6)
    with pytest.raises(ModelExists):
        import_gguf(changed, "qwen", tmp_path / "models")


@pytest.mark.parametrize(
    "card", [None, "", "no front\nlicense: x", "---\nlicense\n- \n---\n", "---\n- en\n---\n"]
)
def test_a_folder_whose_card_says_nothing(tmp_path: Path, card: str | None) -> None:
    folder = write_tiny_folder(tmp_path / "tiny", "llama")
    if card is not None:
        (folder / "README.md").write_text(card)
    manifest = import_gguf(folder, "own", tmp_path / "models", variant="fp32")
    assert (manifest.licence, manifest.languages) == ("unknown", ())


def test_one_file_of_a_folder_is_told_to_be_one(tmp_path: Path) -> None:
    folder = write_tiny_folder(tmp_path / "tiny", "llama")
    with pytest.raises(ModelError, match="Give its folder"):
        import_gguf(folder / "model.safetensors", "own", tmp_path / "models")
    shutil.rmtree(folder)
    with pytest.raises(ModelError, match="There is no"):
        import_gguf(folder, "own", tmp_path / "models")
