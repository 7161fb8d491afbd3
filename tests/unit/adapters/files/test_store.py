"""A file is whole or not there, whatever the disk does."""

import errno
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pressroom.adapters.files import FileArtifacts
from pressroom.domain.errors import ArtifactsUnavailable, OutputUnknown

JOB = "job_0190f3a2b4c57d8e9fa0b1c2d3e4f5a6"
PATH = f"{JOB}/1/0.png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def artifacts(root: Path) -> FileArtifacts:
    return FileArtifacts(root)


def _files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


@contextmanager
def _no_file_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_half_leaves_nothing(artifacts: FileArtifacts, root: Path) -> None:
    with _no_file_longer_than(50_000), pytest.raises(ArtifactsUnavailable):
        artifacts.put(PATH, b"x" * 100_000, "image/png")
    assert _files(root) == []
    with pytest.raises(OutputUnknown):
        artifacts.get(PATH)


def test_a_failed_replacement_keeps_what_was_there(artifacts: FileArtifacts, root: Path) -> None:
    artifacts.put(PATH, b"first", "image/png")
    with _no_file_longer_than(50_000), pytest.raises(ArtifactsUnavailable):
        artifacts.put(PATH, b"x" * 100_000, "image/png")
    assert artifacts.get(PATH) == b"first"
    assert _files(root) == ["0.png"]


@pytest.mark.parametrize("at", ["fsync", "rename"])
def test_a_full_disk_at_any_step_is_told(
    artifacts: FileArtifacts, root: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os if at == "fsync" else Path, at, full)
        with pytest.raises(ArtifactsUnavailable, match="No space left") as told:
            artifacts.put(PATH, b"x", "image/png")
    assert told.value.retry_after_s
    assert _files(root) == []


def test_bytes_are_flushed_before_the_name_and_the_name_before_the_answer(
    artifacts: FileArtifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def noted_fsync(handle: int) -> None:
        name = os.readlink(f"/proc/self/fd/{handle}")
        steps.append("flush " + ("file" if "0.png" in name else "folder"))
        fsync(handle)

    def noted_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    artifacts.put(PATH, b"x", "image/png")
    assert steps == ["flush file", "rename", *["flush folder"] * 4]


def test_a_root_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    artifacts = FileArtifacts(tmp_path / "file" / "artifacts")
    with pytest.raises(ArtifactsUnavailable):
        artifacts.ping()
    with pytest.raises(ArtifactsUnavailable):
        artifacts.put(PATH, b"x", "image/png")


def test_a_reader_never_sees_half(artifacts: FileArtifacts) -> None:
    contents = {bytes([n]) * 200_000 for n in range(2)}
    artifacts.put(PATH, next(iter(contents)), "image/png")
    seen: set[bytes] = set()
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.add(artifacts.get(PATH))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(10):
        for content in contents:
            artifacts.put(PATH, content, "image/png")
    over.set()
    reader.join()
    assert seen <= contents


def test_an_erased_job_leaves_no_file(artifacts: FileArtifacts, root: Path) -> None:
    artifacts.put(PATH, b"x", "image/png")
    artifacts.erase(JOB)
    assert not list(root.rglob(JOB))


def test_a_probe_leaves_no_file(artifacts: FileArtifacts, root: Path) -> None:
    artifacts.ping()
    assert _files(root) == []
