"""Every committed picture model: its bytes are the manifest's, its recipe makes it again, and it draws what it is asked for.

The judge is a classifier that has never seen the models or their samples: the feature net of `pressroom evaluate`.
"""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pressroom.catalog.manifest import Manifest
from pressroom.contract.params import ImageParams
from pressroom.engines import golden
from pressroom.engines.base import ImageGeneration, ImageOutput, Key
from pressroom.engines.image.opening import open_image_engine
from pressroom.engines.sessions import Provider, open_session
from pressroom.jobs.asked import resolved_params
from pressroom.training.recipe import load

REPOSITORY = Path(__file__).parents[3]
ZOO = REPOSITORY / "model_zoo"
JUDGE = REPOSITORY / "training" / "pressroom" / "training" / "measure" / "feature_net.onnx"
FASHION = slice(10, 20)  # its first ten classes are digits
SAMPLES_A_LABEL = 60
# Of what 10,000 samples have shown: 600 are less sure.
_UNSURE = 0.04
# Lighter weights say other things than the network, within what the export has allowed.
_FAR = {"fp32": 1e-4, "fp16": 0.02, "int8": 0.2}

MANIFESTS = [
    manifest
    for path in sorted(ZOO.glob("*/manifest.json"))
    if (manifest := Manifest.model_validate_json(path.read_text(encoding="utf-8"))).kind == "image"
]
every_model = pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.name)
every_one_with_classes = pytest.mark.parametrize(
    "manifest",
    [manifest for manifest in MANIFESTS if manifest.image and manifest.image.labels],
    ids=lambda manifest: manifest.name,
)


def _folder(manifest: Manifest) -> Path:
    return ZOO / manifest.name


@every_model
def test_the_files_are_those_of_the_manifest(manifest: Manifest) -> None:
    assert manifest.image is not None
    golden_file = {"golden.npz"} if manifest.image.graphs else set()
    assert {file.path for file in manifest.files} == {*manifest.image.files.values()} | golden_file
    for file in manifest.files:
        content = (_folder(manifest) / file.path).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.bytes)


@every_model
def test_the_models_hash_covers_all_its_files(manifest: Manifest) -> None:
    lines = "".join(f"{file.sha256}  {file.path}\n" for file in manifest.files)
    assert [file.path for file in manifest.files] == sorted(file.path for file in manifest.files)
    assert hashlib.sha256(lines.encode()).hexdigest() == manifest.sha256


@every_model
def test_the_weights_are_small_enough_to_commit(manifest: Manifest) -> None:
    assert sum(file.bytes for file in manifest.files) < 15_000_000


@every_model
def test_its_recipe_is_the_one_that_is_shipped(manifest: Manifest) -> None:
    made = manifest.made
    assert made is not None
    assert load(made.recipe).digest() == made.recipe_sha256
    assert made.parity < 1e-4


@every_model
def test_its_golden_outputs_are_what_it_makes(manifest: Manifest) -> None:
    assert manifest.image is not None
    if manifest.image.graphs:
        assert golden.largest_difference(_folder(manifest), manifest.image.graphs) < _FAR[manifest.made.weights]  # type: ignore[union-attr]


@every_model
def test_it_comes_with_licence_and_a_sheet_of_samples(manifest: Manifest) -> None:
    assert "Apache-2.0" in (_folder(manifest) / "LICENSE").read_text(encoding="utf-8")
    with Image.open(_folder(manifest) / "samples.png") as sheet:
        assert np.asarray(sheet).std() > 30  # not a blank sheet


@every_one_with_classes
def test_the_judge_finds_what_was_asked_for_as_often_as_the_manifest_says(manifest: Manifest) -> None:
    assert manifest.image is not None
    assert manifest.metrics["samples"] == 10_000
    labels = manifest.image.labels
    engine = open_image_engine(_folder(manifest), manifest, provider="cpu", gather_ms=0)
    engine.warm_up()
    for label in labels:
        params = resolved_params(manifest, {"label": label, "n": SAMPLES_A_LABEL, "seed": 7})
        assert isinstance(params, ImageParams)
        engine.admit(ImageGeneration(Key(label, 1), params))
    drawn: dict[str, tuple[ImageOutput, ...]] = {}
    while engine.load:
        drawn |= {outcome.key.job_id: outcome.images for outcome in engine.step().outcomes}
    pictures = np.stack([image.pixels for label in labels for image in drawn[label]])
    asked = np.repeat(np.arange(len(labels)), SAMPLES_A_LABEL)
    _, logits = open_session(JUDGE, Provider.CPU).run({"pixels": pictures.astype(np.float32) / 255})
    accuracy = (logits[:, FASHION].argmax(1) == asked).mean()
    assert accuracy >= manifest.metrics["class_accuracy"] - _UNSURE
