"""Lay a trained model down in ``model_zoo/``: files, manifest, licence note, sample sheet."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pressroom.catalog.manifest import File, ImageTraits, Manifest


def describe(path: Path) -> File:
    """Name, hash and size of one file beside the manifest."""
    content = path.read_bytes()
    return File(path=path.name, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def digest(files: tuple[File, ...]) -> str:
    """One hash for all weights: what ``sha256sum FILES | sha256sum`` prints, files sorted by name."""
    lines = "".join(f"{file.sha256}  {file.path}\n" for file in sorted(files, key=lambda file: file.path))
    return hashlib.sha256(lines.encode()).hexdigest()


def write_manifest(
    folder: Path,
    *,
    name: str,
    version: str,
    title: str,
    description: str,
    origin: str,
    traits: ImageTraits,
    defaults: Mapping[str, float],
    metrics: Mapping[str, float],
) -> Manifest:
    """Write ``manifest.json`` for the picture model whose files already lie in ``folder``."""
    files = tuple(describe(folder / file) for file in sorted(traits.files.values()))
    manifest = Manifest(
        name=name,
        version=version,
        kind="image",
        title=title,
        description=description,
        licence="Apache-2.0",
        origin=origin,
        sha256=digest(files),
        files=files,
        image=traits,
        defaults=dict(defaults),
        metrics=dict(metrics),
    )
    text = manifest.model_dump_json(indent=2, exclude_none=True, exclude_defaults=True)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest
