"""Model files are what their hashes say, or they are not opened.

A manifest names the files of a shipped model, a build's marker those of a built one; both with size
and SHA-256. Nothing else of a folder is opened, and nothing outside of it: a link that leads away is
refused. No file is ever unpickled: graphs are ONNX, everything else is JSON.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pressroom.domain.errors import ModelCorrupt

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# A plain name in the model's own folder: no separators, and no name of a folder.
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]

READER_BUILT = "reader.built.json"
"""Marker of a model that reads and was built on this machine."""

_CHUNK = 1 << 20


class FileMark(BaseModel):
    """What a file is known by. ``size`` is in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=0)
    sha256: Sha256

    @classmethod
    def of(cls, path: Path) -> "FileMark":
        """The mark of the file as it lies there."""
        return cls(size=path.stat().st_size, sha256=sha256_of(path))


class BuiltMarker(BaseModel):
    """``model-<variant>.built.json`` or ``reader.built.json``: written last, so that a build without it does not count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: int
    weights_sha256: Sha256
    files: dict[FileName, FileMark]


def read_marker(path: Path) -> BuiltMarker:
    """Raises ModelCorrupt when it cannot be read as one."""
    try:
        return BuiltMarker.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelCorrupt(
            f"{path} does not tell what was built ({type(error).__name__}). Pull or import the model again."
        ) from error


def check_files(folder: Path, files: Mapping[str, FileMark]) -> None:
    """Hash every file (about a second a gigabyte). Raises ModelCorrupt, which names the first wrong one."""
    home = folder.resolve()
    for name, mark in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(home):
            raise ModelCorrupt(
                f"{path} leads out of the model's folder; it is not opened. Pull or import the model again."
            )
        try:
            found = FileMark.of(path)
        except OSError as error:
            raise ModelCorrupt(
                f"{path} cannot be read ({error.strerror}). Pull or import the model again."
            ) from error
        if found != mark:
            raise ModelCorrupt(
                f"{path} is not the file that was checked when the model was made: its sha256 is "
                f"{found.sha256}, expected {mark.sha256}. It was cut, changed or replaced. Find out by whom, "
                "remove the model's folder, and pull or import it again."
            )


def sha256_of(path: Path) -> str:
    """Hex digest of the file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
