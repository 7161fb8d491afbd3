"""Which files a picture model is opened from, and what is never opened."""

import hashlib
from pathlib import Path

import pytest

from pressroom.catalog.manifest import ImageTraits, Manifest
from pressroom.domain.errors import ModelCorrupt
from pressroom.engines.base import EngineUnavailable
from pressroom.engines.image.opening import open_image_engine

TRAITS = ImageTraits(
    labels=("boot", "bag"), height=2, width=2, channels=1, latent=4, files={"decoder": "decoder.onnx"}
)

NO_GRAPH = b"\x00" * 50
NO_GRAPH_SHA256 = hashlib.sha256(NO_GRAPH).hexdigest()


def _manifest(**changes: object) -> Manifest:
    fields: dict[str, object] = {
        "name": "tiny",
        "version": "1",
        "kind": "image",
        "title": "",
        "description": "",
        "licence": "MIT",
        "origin": "",
        "sha256": "0" * 64,
        "files": [{"path": "decoder.onnx", "sha256": NO_GRAPH_SHA256, "bytes": len(NO_GRAPH)}],
        "image": TRAITS.model_dump(),
    }
    return Manifest.model_validate(fields | changes)


def test_what_is_no_graph_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "decoder.onnx").write_bytes(NO_GRAPH)
    with pytest.raises(EngineUnavailable):
        open_image_engine(tmp_path, _manifest(), provider="cpu")


@pytest.mark.parametrize("content", [None, b"", NO_GRAPH[1:], b"\x01" + NO_GRAPH[1:]])
def test_a_decoder_that_is_not_the_manifests_is_never_opened(
    tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("pressroom.engines.image.opening.open_session")
    if content is not None:
        (tmp_path / "decoder.onnx").write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"decoder\.onnx"):
        open_image_engine(tmp_path, _manifest(), provider="cpu")


def test_a_model_without_pictures_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="no picture model"):
        open_image_engine(tmp_path, _manifest(image=None), provider="cpu")


def test_a_batch_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="max_batch"):
        open_image_engine(tmp_path, _manifest(), provider="cpu", max_batch=0)
