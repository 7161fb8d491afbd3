"""``FileArtifacts``: the port ``ArtifactStore`` over a folder.

    <root>/<first two digits>/<job>/<attempt>/<n>.<ext>

A file is written beside its place under a name of its own, flushed to disk, renamed, and the
folders that name it are flushed: after a crash it is whole or not there.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
from pathlib import Path

from pressroom.adapters.artifact_paths import check_job, not_there, parts_of
from pressroom.domain.errors import ArtifactsUnavailable


class FileArtifacts:
    """Outputs' bytes under ``root``, which is made when it is missing. Thread- and process-safe."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, path: str, content: bytes, media_type: str) -> None:
        job, attempt, name = parts_of(path)
        folder = self._folder(job) / str(attempt)
        temporary = folder / f".{name}.{secrets.token_hex(8)}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                _write(temporary, content)
                temporary.rename(folder / name)
            except OSError:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise
            # The name of the file, and of each folder above it that may be new.
            for parent in (folder, folder.parent, folder.parent.parent, self._root):
                _flush(parent)
        except OSError as error:
            raise _unavailable(error) from error

    def get(self, path: str, start: int = 0, end: int | None = None) -> bytes:
        job, attempt, name = parts_of(path)
        first = max(start, 0)
        try:
            with (self._folder(job) / str(attempt) / name).open("rb") as file:
                file.seek(first)
                return file.read() if end is None else file.read(max(end - first, 0))
        except FileNotFoundError:
            raise not_there(path) from None
        except OSError as error:
            raise _unavailable(error) from error

    def erase(self, job_id: str, *, keep_attempt: int | None = None) -> None:
        check_job(job_id)
        folder = self._folder(job_id)
        try:
            if keep_attempt is None:
                _remove(folder)
                return
            for attempt in _attempts(folder):
                if attempt < keep_attempt:
                    _remove(folder / str(attempt))
        except OSError as error:
            raise _unavailable(error) from error

    def ping(self) -> None:
        """Raises ArtifactsUnavailable unless a file can be written."""
        probe = self._root / f".probe.{secrets.token_hex(8)}"
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise _unavailable(error) from error

    def _folder(self, job: str) -> Path:
        # Jobs are spread over 256 folders: ids of one day begin alike, so their hash is taken.
        return self._root / hashlib.sha256(job.encode()).hexdigest()[:2] / job


def _write(file: Path, content: bytes) -> None:
    with file.open("xb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _attempts(folder: Path) -> list[int]:
    try:
        return [int(item.name) for item in folder.iterdir() if item.name.isdecimal()]
    except FileNotFoundError:
        return []


def _remove(folder: Path) -> None:
    """Remove a folder and all in it; another process may be doing the same."""
    for _ in range(3):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
        if not folder.exists():
            return
    raise OSError(f"{folder.name} is being written to")


def _unavailable(error: OSError) -> ArtifactsUnavailable:
    reason = error.strerror or type(error).__name__
    return ArtifactsUnavailable(
        f"The artifact store did not take or give the bytes ({reason}). Look at its disk and its rights.",
        retry_after_s=5,
    )
