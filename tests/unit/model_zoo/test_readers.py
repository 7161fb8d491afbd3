"""Every model that reads and is committed: its bytes are the manifest's, and it says what its original said."""

import hashlib
from pathlib import Path

import pytest

from pressroom.catalog.manifest import Manifest
from pressroom.engines import golden
from pressroom.engines.reading.opening import open_reading_engine

ZOO = Path(__file__).parents[3] / "model_zoo"

MANIFESTS = [
    manifest
    for path in sorted(ZOO.glob("*/manifest.json"))
    if (manifest := Manifest.model_validate_json(path.read_text(encoding="utf-8"))).reading is not None
]
every_model = pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.name)
every_shipped = pytest.mark.parametrize(
    "manifest",
    [manifest for manifest in MANIFESTS if manifest.source is None],
    ids=lambda manifest: manifest.name,
)


def test_there_is_one_of_each_kind() -> None:
    assert {manifest.kind for manifest in MANIFESTS} == {"embedding", "moderation"}


@every_model
def test_the_files_are_those_of_the_manifest(manifest: Manifest) -> None:
    for file in manifest.files:
        content = (ZOO / manifest.name / file.path).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.bytes)
    assert golden.FILE in manifest.marks
    assert manifest.size < 1_000_000


@every_shipped
def test_what_is_shipped_is_whole_and_its_hash_covers_all_of_it(manifest: Manifest) -> None:
    assert manifest.reading is not None
    assert set(manifest.marks) == {golden.FILE, *manifest.reading.files.values()}
    lines = "".join(f"{file.sha256}  {file.path}\n" for file in manifest.files)
    assert hashlib.sha256(lines.encode()).hexdigest() == manifest.sha256
    assert "MIT" in (ZOO / manifest.name / "LICENSE").read_text(encoding="utf-8")


@every_shipped
def test_it_says_what_its_original_said(manifest: Manifest) -> None:
    assert manifest.reading is not None
    assert golden.largest_difference(ZOO / manifest.name, manifest.reading.graphs) < 1e-5


@every_shipped
def test_it_opens(manifest: Manifest) -> None:
    engine = open_reading_engine(ZOO / manifest.name, manifest, provider="cpu")
    engine.warm_up()
    assert engine.info.model == manifest.name
