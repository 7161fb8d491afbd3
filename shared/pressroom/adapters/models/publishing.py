"""How the files of a built model come to lie in its folder: whole, or not at all.

Everything is fsynced in a scratch folder beside it, then moved in file by file, the marker last: without it nothing counts.
"""

import os
from collections.abc import Callable, Collection
from pathlib import Path

from pressroom.catalog.files import BuiltMarker, FileMark, read_marker
from pressroom.domain.errors import ModelCorrupt

MANIFEST_FILE = "manifest.json"

Gate = Callable[[Path], None]
"""Shown the whole folder before anybody else can see it; raises what speaks against it."""


def marks(stage: Path, but: Collection[str] = ()) -> dict[str, FileMark]:
    """Of the files that were made, without those of ``but``."""
    return {
        path.name: FileMark.of(path)
        for path in stage.iterdir()
        if path.name not in but and path.name != MANIFEST_FILE
    }


def is_whole(folder: Path, marker_file: str, made: tuple[int, str]) -> bool:
    """Whether what the marker names lies there, of these sizes, ``made`` by the recipe of this number from weights of this hash."""
    try:
        marker = read_marker(folder / marker_file)
        sizes = {name: (folder / name).stat().st_size for name in marker.files}
    except (OSError, ModelCorrupt):
        return False
    return (
        (folder / MANIFEST_FILE).is_file()
        and sizes == {name: mark.size for name, mark in marker.files.items()}
        and (marker.recipe, marker.weights_sha256) == made
    )


def publish(stage: Path, folder: Path, marker: BuiltMarker, marker_file: str) -> Path:
    """Move the files of ``stage`` to ``folder``, which is on the same file system, and write the marker; the folder."""
    folder.mkdir(exist_ok=True)
    last = folder / marker_file
    last.unlink(missing_ok=True)
    for path in stage.iterdir():
        path.chmod(0o644)
        _sync(path)
        os.replace(path, folder / path.name)
    new = stage / last.name
    new.write_text(marker.model_dump_json(indent=1), encoding="utf-8")
    _sync(new)
    _sync(folder)
    os.replace(new, last)
    _sync(folder)
    return folder


def _sync(path: Path) -> None:
    """Force a file's bytes, or a folder's entries, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
