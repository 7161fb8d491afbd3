"""Files are opened only when they hash to what was written down, and only within the model's folder."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pressroom.catalog.files import BuiltMarker, FileMark, check_files, read_marker, sha256_of
from pressroom.catalog.manifest import File, Manifest
from pressroom.domain.errors import ModelCorrupt


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    (made / "graph.onnx").write_bytes(b"a graph")
    (made / "words.json").write_bytes(b"{}")
    return made


def marks(folder: Path) -> dict[str, FileMark]:
    return {path.name: FileMark.of(path) for path in folder.iterdir()}


def test_files_as_they_were_are_fine(folder: Path) -> None:
    check_files(folder, marks(folder))
    check_files(folder, {})


@pytest.mark.parametrize("content", [b"", b"a grap", b"A graph", b"a graph\n", b"b graph"])
def test_a_changed_file_is_refused_with_both_hashes(folder: Path, content: bytes) -> None:
    before = marks(folder)
    (folder / "graph.onnx").write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"graph\.onnx") as refused:
        check_files(folder, before)
    assert before["graph.onnx"].sha256 in refused.value.message
    assert sha256_of(folder / "graph.onnx") in refused.value.message


def test_a_missing_file_is_refused(folder: Path) -> None:
    before = marks(folder)
    (folder / "words.json").unlink()
    with pytest.raises(ModelCorrupt, match="Pull or import"):
        check_files(folder, before)


def test_a_link_that_leads_away_is_refused_even_to_the_right_bytes(folder: Path, tmp_path: Path) -> None:
    before = marks(folder)
    elsewhere = tmp_path / "graph.onnx"
    (folder / "graph.onnx").rename(elsewhere)
    (folder / "graph.onnx").symlink_to(elsewhere)
    with pytest.raises(ModelCorrupt, match="leads out"):
        check_files(folder, before)


def test_a_folder_that_is_itself_a_link_is_fine(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(folder)
    check_files(tmp_path / "alias", marks(folder))


WRONG_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "\0",
    "a\0b",
    ".hidden",
    "é",
    "a" * 129,
    "a\n",
    "C:x",
]


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_no_manifest_or_marker_names_a_file_elsewhere(name: str) -> None:
    with pytest.raises(ValidationError):
        File(path=name, sha256="a" * 64, bytes=1)
    with pytest.raises(ValidationError):
        BuiltMarker(recipe=1, weights_sha256="a" * 64, files={name: FileMark(size=1, sha256="a" * 64)})


def test_a_picture_model_names_the_hash_of_each_of_its_files() -> None:
    manifest = Manifest.model_validate_json(
        (Path(__file__).parents[3] / "model_zoo" / "vae-fashion" / "manifest.json").read_bytes()
    )
    known = manifest.model_dump()
    with pytest.raises(ValidationError, match=r"no sha256 is given for attributes\.npz"):
        Manifest.model_validate({**known, "files": known["files"][1:]})
    with pytest.raises(ValidationError):
        Manifest.model_validate(
            {**known, "image": {**known["image"], "files": {"decoder": "../decoder.onnx"}}}
        )


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"recipe": 1}', "\x80"])
def test_a_marker_that_cannot_be_read_is_a_corrupt_model(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "model-q8.built.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelCorrupt):
        read_marker(path)
