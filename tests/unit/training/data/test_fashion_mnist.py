"""Reading the data set's files, from a folder or out of a Debian package, and refusing wrong ones."""

import gzip
import hashlib
import io
import lzma
import tarfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.training.data import fashion_mnist
from pressroom.training.data.fashion_mnist import DataCorrupt, DataMissing, load, unpack_deb


def _idx(values: NDArray[np.uint8]) -> bytes:
    header = b"\x00\x00\x08" + bytes([values.ndim])
    return header + b"".join(size.to_bytes(4, "big") for size in values.shape) + values.tobytes()


CONTENT = {
    "train-images-idx3-ubyte": _idx(np.arange(3 * 784).astype(np.uint8).reshape(3, 28, 28)),
    "train-labels-idx1-ubyte": _idx(np.array([9, 0, 3], np.uint8)),
    "t10k-images-idx3-ubyte": _idx(np.full((2, 28, 28), 7, np.uint8)),
    "t10k-labels-idx1-ubyte": _idx(np.array([1, 2], np.uint8)),
}


@pytest.fixture(autouse=True)
def _small_data_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The pinned hashes become those of the small files, and no usual place has any."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
    monkeypatch.setattr(fashion_mnist, "FILES", hashes)
    monkeypatch.setattr(fashion_mnist, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(fashion_mnist, "SYSTEM", tmp_path / "system")


def _lay(folder: Path, *, packed: bool) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in CONTENT.items():
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return folder


def _deb(path: Path, names: list[str]) -> Path:
    """A Debian package as ``ar`` makes it: three members, the second of odd length."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name in names:
            content = gzip.compress(CONTENT.get(name, b"other"))
            entry = tarfile.TarInfo(f"./usr/share/datasets/fashion-mnist/{name}.gz")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": b"odd",
        "data.tar.xz": lzma.compress(tar.getvalue()),
    }
    blob = b"!<arch>\n"
    for name, content in members.items():
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
        blob += header.encode() + content + b"\n" * (len(content) % 2)
    path.write_bytes(blob)
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_a_folder_is_read_plain_or_packed(tmp_path: Path, packed: bool) -> None:
    said: list[str] = []
    data = load(_lay(tmp_path / "mine", packed=packed), say=said.append)
    assert (len(data.train), len(data.test)) == (3, 2)
    assert data.train.images.shape == (3, 28, 28)
    assert data.train.images[0, 0, :3].tolist() == [0, 1, 2]
    assert data.train.labels.tolist() == [9, 0, 3]
    assert "MIT" in said[0]


@pytest.mark.parametrize("place", ["CACHE", "SYSTEM"])
def test_the_usual_places_are_looked_in(place: str) -> None:
    _lay(getattr(fashion_mnist, place), packed=True)
    assert len(load().train) == 3


def test_a_changed_byte_is_seen(tmp_path: Path) -> None:
    folder = _lay(tmp_path / "mine", packed=False)
    content = bytearray(CONTENT["t10k-images-idx3-ubyte"])
    content[100] ^= 1
    (folder / "t10k-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(DataCorrupt, match="t10k-images"):
        load(folder)


def test_half_a_file_is_corrupt(tmp_path: Path) -> None:
    folder = _lay(tmp_path / "mine", packed=True)
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataCorrupt, match="does not unpack"):
        load(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = _lay(tmp_path / "mine", packed=True)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataMissing, match="t10k-labels-idx1-ubyte"):
        load(folder)


def test_without_apt_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataMissing, match="--data"):
        load()


def test_apt_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _fake_apt(monkeypatch, tmp_path, "echo 'E: Unable to locate package' >&2; exit 100")
    with pytest.raises(DataMissing, match="Unable to locate package"):
        load()


def test_the_package_is_fetched_and_unpacked_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = _deb(tmp_path / "kept.deb", [*CONTENT, "README"])
    _fake_apt(
        monkeypatch, tmp_path, f'[ "$1 $2" = "download dataset-fashion-mnist" ] && cp {package} here.deb'
    )
    said: list[str] = []
    assert len(load(say=said.append).train) == 3
    assert "31 MB" in said[0]
    said.clear()
    load(say=said.append)
    assert len(said) == 1, "the second time it is in the cache"


def test_a_package_without_the_files_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(DataCorrupt, match="1 of the 4"):
        unpack_deb(_deb(tmp_path / "a.deb", ["t10k-labels-idx1-ubyte"]), tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"!<arch>\n", b"<html>no such package</html>"])
def test_what_is_no_package_is_corrupt(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.deb"
    path.write_bytes(content)
    with pytest.raises(DataCorrupt, match="not a Debian package"):
        unpack_deb(path, tmp_path / "out")


def _fake_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "apt-get"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
