"""The models that jobs can be posted for: manifests of the zoo and of what was pulled or imported.

    <zoo>/<name>/manifest.json          shipped with Pressroom
    <models_dir>/<name>/manifest.json   built on this machine; goes before the zoo's of that name

A folder that changes (a model is pulled, imported or removed) is seen within seconds.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from pressroom.catalog.manifest import Manifest
from pressroom.domain.errors import ModelUnknown
from pressroom.telemetry import get_logger

MANIFEST_FILE = "manifest.json"

_Stamp = tuple[tuple[str, int, int], ...]


def zoo_folder(named: Path | None) -> Path:
    """The zoo: the folder that the settings name, else the packaged one, else the repository's."""
    if named is not None:
        return named
    packaged = Path(__file__).parent / "zoo"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "model_zoo"


class Catalog:
    """Finds manifests by name. Thread-safe; looks at the folders at most once in ``look_again_s``."""

    def __init__(self, zoo_dir: Path | None, models_dir: Path, *, look_again_s: float = 2.0) -> None:
        self._folders = (zoo_folder(zoo_dir), models_dir)
        self._look_again_s = look_again_s
        self._lock = threading.Lock()
        self._stamp: _Stamp | None = None
        self._looked_at = 0.0
        self._manifests: dict[str, Manifest] = {}

    @classmethod
    def load(cls, zoo_dir: Path | None, models_dir: Path) -> "Catalog":
        """Read both folders now. A missing folder is an empty one; a broken manifest is logged and left out."""
        catalog = cls(zoo_dir, models_dir)
        catalog.all()
        return catalog

    @property
    def models_dir(self) -> Path:
        """Where pulled and imported models lie."""
        return self._folders[1]

    def all(self) -> tuple[Manifest, ...]:
        """Every manifest, by name."""
        return tuple(self._current().values())

    def find(self, name: str) -> Manifest:
        """The manifest of this name. Raises ModelUnknown, which names the known ones."""
        manifests = self._current()
        if name in manifests:
            return manifests[name]
        known = ", ".join(manifests) or "none yet; `pressroom models pull` fetches one"
        raise ModelUnknown(f"There is no model of this name. Known models: {known}.", field="model")

    def _current(self) -> dict[str, Manifest]:
        with self._lock:
            now = time.monotonic()
            if self._stamp is None or now - self._looked_at >= self._look_again_s:
                self._looked_at = now
                stamp = _stamp(self._folders)
                if stamp != self._stamp:
                    self._stamp = stamp
                    self._manifests = dict(sorted(dict(_read(self._folders)).items()))
            return self._manifests


def _files(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.glob(f"*/{MANIFEST_FILE}"))


def _stamp(folders: tuple[Path, ...]) -> _Stamp:
    """What changes when a manifest is added, removed or replaced."""
    seen = []
    for path in _files(folders):
        try:
            stat = path.stat()
        except OSError:  # removed in between
            continue
        seen.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(seen)


def _read(folders: tuple[Path, ...]) -> Iterator[tuple[str, Manifest]]:
    log = get_logger(__name__)
    for path in _files(folders):
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            log.warning("manifest_left_out", path=str(path), reason=str(error).splitlines()[0])
            continue
        if manifest.name != path.parent.name:
            log.warning("manifest_left_out", path=str(path), reason="its folder has another name")
            continue
        yield manifest.name, manifest
