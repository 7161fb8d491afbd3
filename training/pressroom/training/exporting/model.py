"""The folder of a model: files, golden outputs, manifest, notice and sheet. It appears whole, or not at all.

network ─> files ─> parity, likeness of lighter weights ─> golden.npz ─> manifest.json ─> the folder takes its place
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx

from pressroom.catalog.files import FileMark
from pressroom.catalog.manifest import File, GraphTraits, ImageTraits, Making, Manifest, TensorTraits
from pressroom.engines.golden import FILE as GOLDEN
from pressroom.training.exporting import golden
from pressroom.training.exporting.onnx_file import OPSET, Graph, export
from pressroom.training.exporting.parity import require_parity
from pressroom.training.exporting.precision import lighten, require_likeness
from pressroom.training.exporting.weights import Weights

MANIFEST, SHEET = "manifest.json", "samples.png"


@dataclass(frozen=True, slots=True)
class Told:
    """What a kind of model says of itself: ``description`` for people, ``architecture`` in sizes; ``data`` is what it was made of,
    ``notice`` whose that is. ``defaults`` of a job."""

    description: str
    architecture: str
    data: str
    notice: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    licence: str = "Apache-2.0"
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What people are told of a model, and what is known of its making."""

    name: str
    version: str
    title: str
    origin: str
    recipe: str
    recipe_sha256: str
    metrics: Mapping[str, float]
    notice: str
    told: Told
    tenant: str | None = None


def write_model(
    about: About,
    graphs: Mapping[str, Graph],
    traits: ImageTraits,
    folder: Path,
    *,
    files: Mapping[str, Callable[[Path], None]] | None = None,
    weights: Weights = "fp32",
    sheet: Path | None = None,
) -> Manifest:
    """``graphs`` by role, as ``traits.files``, and how its other ``files`` are written; ``sheet`` shows samples. What lies in ``folder`` is replaced when all gates
    are passed.

    :raises ParityBroken: a file is not the function that was trained.
    :raises TooFarOff: with lighter weights it is too far from it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
        made = Path(place) / folder.name
        made.mkdir()
        for role, write in (files or {}).items():
            write(made / traits.files[role])
        manifest = _written(about, graphs, traits, made, weights)
        if sheet is not None:
            shutil.copyfile(sheet, made / SHEET)
        take_place(made, folder)
    return manifest


def _written(
    about: About, graphs: Mapping[str, Graph], traits: ImageTraits, folder: Path, weights: Weights
) -> Manifest:
    difference, signal = 0.0, {}
    traits_of = {}
    for role, graph in graphs.items():
        path = folder / traits.files[role]
        export(graph, path)
        difference = max(difference, require_parity(graph, path))
        traits_of[role] = described(onnx.load(path).graph, graph.meanings)
        if weights != "fp32":
            lighten(path, weights)
            signal[f"{role}_signal_db"] = round(require_likeness(graph, path), 1)
    if graphs:
        golden.write(graphs, folder)
    names = (*traits.files.values(), *([GOLDEN] if graphs else []))
    files = tuple(shipped_file(folder / name) for name in sorted(names))
    manifest = manifest_of(
        about,
        files,
        signal,
        kind="image",
        image=traits,
        made=making(about, weights=weights, opset=OPSET, parity=difference, graphs=traits_of),
    )
    write_manifest(manifest, about, folder)
    return manifest


def manifest_of(about: About, files: tuple[File, ...], signal: Mapping[str, float], **more: Any) -> Manifest:
    """What is known of a model, with the hash of its files; ``more`` is of its kind."""
    return Manifest(
        name=about.name,
        version=about.version,
        title=about.title,
        description=about.told.description,
        licence=about.told.licence,
        languages=about.told.languages,
        tenant=about.tenant,
        origin=about.origin,
        sha256=digest(files),
        files=files,
        defaults=dict(about.told.defaults),
        metrics={**about.metrics, **signal},
        **more,
    )


def making(
    about: About, *, weights: Weights, opset: int, parity: float, graphs: dict[str, GraphTraits]
) -> Making:
    """How it came about; ``parity`` is rounded."""
    return Making(
        architecture=about.told.architecture,
        data=about.told.data,
        recipe=about.recipe,
        recipe_sha256=about.recipe_sha256,
        opset=opset,
        weights=weights,
        parity=float(f"{parity:.2e}"),
        graphs=graphs,
    )


def write_manifest(manifest: Manifest, about: About, folder: Path) -> None:
    """And whose the model is, beside it."""
    text = manifest.model_dump_json(indent=2, exclude_none=True, exclude_defaults=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    (folder / "LICENSE").write_text(about.notice, encoding="utf-8")


def digest(files: tuple[File, ...]) -> str:
    """One hash for all files: what ``sha256sum FILES | sha256sum`` prints, files sorted by name."""
    lines = "".join(f"{file.sha256}  {file.path}\n" for file in sorted(files, key=lambda file: file.path))
    return hashlib.sha256(lines.encode()).hexdigest()


def shipped_file(path: Path) -> File:
    """As a manifest names it."""
    mark = FileMark.of(path)
    return File(path=path.name, sha256=mark.sha256, bytes=mark.size)


def described(graph: onnx.GraphProto, meanings: Mapping[str, str]) -> GraphTraits:
    """As the file itself says it, and by the names of its tensors what they mean."""

    def tensors(values: Any) -> tuple[TensorTraits, ...]:
        return tuple(
            TensorTraits(
                name=value.name,
                shape=tuple(size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim),
                dtype=onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name,
                meaning=meanings[value.name],
            )
            for value in values
        )

    return GraphTraits(inputs=tensors(graph.input), outputs=tensors(graph.output))


def take_place(made: Path, folder: Path) -> None:
    """Of what is there, in one step for who looks: the old folder moves aside first, and comes back if that fails."""
    aside = made.with_name(f"{folder.name}-before")
    if folder.exists():
        shutil.move(folder, aside)
    try:
        shutil.move(made, folder)
    except BaseException:
        if aside.exists() and not folder.exists():
            shutil.move(aside, folder)
        raise
