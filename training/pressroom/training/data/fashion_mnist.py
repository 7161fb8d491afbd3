"""Fashion-MNIST: 70,000 grey 28 × 28 photos of clothes in ten classes (Zalando SE, MIT licence).

Found in this order: the folder named by the caller (``--data``), ``var/data/fashion-mnist`` of an
earlier run, the folder that Debian's package ``dataset-fashion-mnist`` installs, and at last that
package itself, fetched with ``apt-get download`` (no root, nothing installed) and unpacked here.
On a machine without apt, put the four idx files of the data set's own repository
(zalandoresearch/fashion-mnist, folder data/fashion) in a folder and pass it.

Whatever the way, the bytes are checked: each file must hash, unpacked, to what ``FILES`` says.

    DataError
    ├── DataMissing    data_missing    no folder has the files and none could be fetched
    └── DataCorrupt    data_corrupt    a file is not the one that was published
"""

import gzip
import hashlib
import io
import lzma
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LABELS = ("tshirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
LICENCE = "MIT, © 2017 Zalando SE"
PACKAGE = "dataset-fashion-mnist"
PACKAGE_MB = 31

CACHE = Path("var/data/fashion-mnist")
SYSTEM = Path("/usr/share/datasets/fashion-mnist")

# The unpacked files: packagers compress them anew, so the .gz bytes differ from place to place.
FILES = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

Say = Callable[[str], None]


class DataError(Exception):
    """Base of what can go wrong with a data set. ``code`` is stable; the message says what to do."""

    code = "data_error"


class DataMissing(DataError):
    code = "data_missing"


class DataCorrupt(DataError):
    code = "data_corrupt"


@dataclass(frozen=True, slots=True)
class Split:
    """``images``: (N, 28, 28) uint8, 0 black to 255 white; ``labels``: (N,) uint8, index in LABELS."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, slots=True)
class FashionMnist:
    """60,000 pictures to train on and 10,000 to test on, as published."""

    train: Split
    test: Split


def load(folder: Path | None = None, *, say: Say = lambda line: None) -> FashionMnist:
    """Read the data set, fetching it if need be.

    :param folder: holds the four idx files, plain or .gz; None looks in the usual places.
    :param say: told what is fetched, from where, how large and under which licence.
    :raises DataMissing: no place has it.
    :raises DataCorrupt: a file is damaged or another data set's.
    """
    place = folder or _find() or _fetch(say)
    say(f"Fashion-MNIST ({LICENCE}) from {place}")
    raw = {name: _read(place, name, digest) for name, digest in FILES.items()}
    return FashionMnist(
        train=Split(
            _images(raw["train-images-idx3-ubyte"]), _unsigned(raw["train-labels-idx1-ubyte"], offset=8)
        ),
        test=Split(
            _images(raw["t10k-images-idx3-ubyte"]), _unsigned(raw["t10k-labels-idx1-ubyte"], offset=8)
        ),
    )


def _find() -> Path | None:
    """The first usual place that has all four files."""
    return next((place for place in (CACHE, SYSTEM) if all(_path(place, name) for name in FILES)), None)


def _path(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read(folder: Path, name: str, digest: str) -> bytes:
    path = _path(folder, name)
    if path is None:
        raise DataMissing(
            f"{folder} has no {name} (or {name}.gz): put the four idx files of Fashion-MNIST there."
        )
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise DataCorrupt(f"{path} does not unpack ({error}): delete it and fetch it again.") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise DataCorrupt(f"{path} is not Fashion-MNIST's {name} (sha256 differs): fetch it again.")
    return content


def _unsigned(content: bytes, offset: int) -> NDArray[np.uint8]:
    """The payload of an idx file: a big-endian header of ``offset`` bytes, then unsigned bytes."""
    return np.frombuffer(content, np.uint8, offset=offset)


def _images(content: bytes) -> NDArray[np.uint8]:
    return _unsigned(content, offset=16).reshape(-1, 28, 28)


def _fetch(say: Say) -> Path:
    """Download Debian's package with apt, and unpack the four files into the cache."""
    apt = shutil.which("apt-get")
    if apt is None:
        raise DataMissing(
            "Fashion-MNIST is not here and this machine has no apt-get. Put the four idx files "
            "(zalandoresearch/fashion-mnist, folder data/fashion) in a folder and pass it with --data."
        )
    say(f"fetching {PACKAGE} with apt-get download: {PACKAGE_MB} MB, {LICENCE}")
    with tempfile.TemporaryDirectory() as temporary:
        done = subprocess.run(
            [apt, "download", PACKAGE], cwd=temporary, capture_output=True, text=True, check=False
        )
        packages = list(Path(temporary).glob("*.deb"))
        if done.returncode or not packages:
            reason = done.stderr.strip().splitlines()[-1:] or ["no answer"]
            raise DataMissing(
                f"apt-get download {PACKAGE} failed ({reason[0]}). Run `apt-get update` first, or pass a "
                "folder with the four idx files with --data."
            )
        unpack_deb(packages[0], CACHE)
    return CACHE


def unpack_deb(package: Path, into: Path) -> None:
    """Copy the data set's files out of a Debian package, without dpkg.

    A .deb is an ``ar`` archive (deb(5)): an 8-byte magic, then members of a 60-byte header, whose
    bytes 0 to 16 are the name and 48 to 58 the size in decimal, each padded to an even length.

    :raises DataCorrupt: not a Debian package, or one without these files.
    """
    blob = package.read_bytes()
    payload = b""
    if blob[:8] == b"!<arch>\n":
        at = 8
        while at + 60 <= len(blob):
            name, size = blob[at : at + 16].rstrip(b" /"), int(blob[at + 48 : at + 58])
            if name == b"data.tar.xz":
                payload = lzma.decompress(blob[at + 60 : at + 60 + size])
            at += 60 + size + size % 2
    if not payload:
        raise DataCorrupt(f"{package.name} is not a Debian package with a data.tar.xz.")
    into.mkdir(parents=True, exist_ok=True)
    found = 0
    with tarfile.open(fileobj=io.BytesIO(payload)) as archive:
        for member in archive:
            base = Path(member.name).name
            stream = archive.extractfile(member) if base.removesuffix(".gz") in FILES else None
            if stream is not None:
                (into / base).write_bytes(stream.read())
                found += 1
    if found != len(FILES):
        raise DataCorrupt(f"{package.name} has {found} of the {len(FILES)} files of Fashion-MNIST.")
