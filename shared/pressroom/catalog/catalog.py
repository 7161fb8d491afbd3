"""The models that jobs can be posted for: manifests of the zoo and of what was pulled, imported or exported.

    <zoo>/<name>/manifest.json                    shipped with Pressroom
    <models_dir>/<name>/manifest.json             built on this machine; goes before the zoo's of that name
    <models_dir>/<name>@<version>/manifest.json   a version that lies beside it
    <models_dir>/routes.json                      which version a name means (``routes``)

A folder that changes (a model is pulled, imported or removed, a version promoted) is seen within seconds.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from pressroom.catalog.manifest import Manifest
from pressroom.catalog.routes import ROUTES_FILE, Route, read_routes
from pressroom.domain.errors import ModelCorrupt, ModelUnknown
from pressroom.telemetry import get_logger

MANIFEST_FILE = "manifest.json"
STABLE, LATEST = "stable", "latest"

_Stamp = tuple[tuple[str, int, int], ...]


def zoo_folder(named: Path | None) -> Path:
    """The zoo: the folder that the settings name, else the packaged one, else the repository's."""
    if named is not None:
        return named
    packaged = Path(__file__).parent / "zoo"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "model_zoo"


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of a model, and where it lies."""

    manifest: Manifest
    folder: Path


@dataclass(slots=True)
class _Model:
    """All versions of a name; ``plain`` is that of the folder which bears the bare name."""

    versions: dict[str, Kept] = field(default_factory=dict)
    plain: str | None = None
    route: Route = field(default_factory=Route)

    def seen_by(self, tenant: str) -> "_Model":
        """Without versions that are another tenant's."""
        seen = {
            version: kept for version, kept in self.versions.items() if kept.manifest.tenant in (None, tenant)
        }
        return _Model(seen, self.plain, self.route)

    @property
    def latest(self) -> str:
        return max(self.versions, key=in_order)

    @property
    def stable(self) -> str:
        """As decided, as far as that version is there still."""
        for version in (self.route.stable, self.plain):
            if version in self.versions:
                return version
        return self.latest


def in_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which versions grow: 1.10.0 is above 1.9.0, and 1.0.0 above 1.0.0-rc1."""
    release, _, early = version.partition("-")
    parts = [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"[.+]", release)]
    return (*parts, (0, 0, early) if early else (1, 0, ""))


class Catalog:
    """Finds manifests by name. Thread-safe; looks at the folders at most once in ``look_again_s``."""

    def __init__(self, zoo_dir: Path | None, models_dir: Path, *, look_again_s: float = 2.0) -> None:
        self._folders = (zoo_folder(zoo_dir), models_dir)
        self._look_again_s = look_again_s
        self._lock = threading.Lock()
        self._stamp: _Stamp | None = None
        self._looked_at = 0.0
        self._models: dict[str, _Model] = {}

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
        """The stable version of every model, by name."""
        return _stable(self._current())

    def seen_by(self, tenant: str) -> tuple[Manifest, ...]:
        """The same of what a tenant may use."""
        return _stable(_seen(self._current(), tenant))

    def find(self, asked: str) -> Manifest:
        """What is asked for by name, or by name and version; a bare name is the stable one.

        Raises ModelUnknown, which names the known ones."""
        return self.kept(asked).manifest

    def choose(self, asked: str, draw: float, tenant: str) -> Manifest:
        """The same for a tenant's job: a bare name may be the canary's turn. ``draw`` in [0, 1) is the job's own."""
        model, version = _found(_seen(self._current(), tenant), asked)
        if "@" not in asked:
            canary = model.route.chosen(draw)
            version = canary if canary in model.versions else version
        return model.versions[version].manifest

    def kept(self, asked: str) -> Kept:
        """As ``find``, with its folder."""
        model, version = _found(self._current(), asked)
        return model.versions[version]

    def versions(self, name: str) -> tuple[Kept, ...]:
        """All of one name, the highest first. Raises ModelUnknown."""
        found, _ = _found(self._current(), name)
        return tuple(
            found.versions[version] for version in sorted(found.versions, key=in_order, reverse=True)
        )

    def route(self, name: str) -> Route:
        """What was decided about its versions. Raises ModelUnknown."""
        return _found(self._current(), name)[0].route

    def every_version(self) -> tuple[Kept, ...]:
        """Of every model."""
        return tuple(kept for model in self._current().values() for kept in model.versions.values())

    def _current(self) -> dict[str, _Model]:
        with self._lock:
            now = time.monotonic()
            if self._stamp is None or now - self._looked_at >= self._look_again_s:
                self._looked_at = now
                stamp = _stamp(self._folders)
                if stamp != self._stamp:
                    self._stamp = stamp
                    self._models = _read(self._folders)
            return self._models


def _stable(models: Mapping[str, _Model]) -> tuple[Manifest, ...]:
    return tuple(model.versions[model.stable].manifest for model in models.values())


def _seen(models: Mapping[str, _Model], tenant: str) -> dict[str, _Model]:
    """Those of which a tenant may use any version."""
    seen = {name: model.seen_by(tenant) for name, model in models.items()}
    return {name: model for name, model in seen.items() if model.versions}


def _found(models: Mapping[str, _Model], asked: str) -> tuple[_Model, str]:
    """Raises ModelUnknown, which names the known ones."""
    name, _, wanted = asked.partition("@")
    model = models.get(name)
    if model is None:
        known = ", ".join(models) or "none yet; `pressroom models pull` fetches one"
        raise ModelUnknown(f"There is no model of this name. Known models: {known}.", field="model")
    version = {"": model.stable, STABLE: model.stable, LATEST: model.latest}.get(wanted, wanted)
    if version not in model.versions or asked == f"{name}@":
        known = ", ".join(sorted(model.versions, key=in_order))
        raise ModelUnknown(
            f"{name} has no such version. Known: {known}; or {STABLE}, {LATEST}.", field="model"
        )
    return model, version


def _files(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.glob(f"*/{MANIFEST_FILE}"))


def _stamp(folders: tuple[Path, ...]) -> _Stamp:
    """What changes when a manifest is added, removed or replaced, or something is decided."""
    seen = []
    for path in (*_files(folders), folders[-1] / ROUTES_FILE):
        try:
            stat = path.stat()
        except OSError:  # removed in between
            continue
        seen.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(seen)


def _read(folders: tuple[Path, ...]) -> dict[str, _Model]:
    models: dict[str, _Model] = {}
    for kept in _manifests(folders):
        name, version = kept.manifest.name, kept.manifest.version
        model = models.setdefault(name, _Model())
        model.versions[version] = kept
        if kept.folder.name == name:
            model.plain = version
    for name, route in _routes(folders[-1]).items():
        if name in models:
            models[name].route = route
    return dict(sorted(models.items()))


def _routes(models_dir: Path) -> Mapping[str, Route]:
    try:
        return read_routes(models_dir)
    except ModelCorrupt as error:
        get_logger(__name__).warning("routes_left_out", reason=error.message)
        return {}


def _manifests(folders: tuple[Path, ...]) -> Iterator[Kept]:
    log = get_logger(__name__)
    for path in _files(folders):
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            log.warning("manifest_left_out", path=str(path), reason=str(error).splitlines()[0])
            continue
        if path.parent.name not in (manifest.name, manifest.reference):
            log.warning("manifest_left_out", path=str(path), reason="its folder has another name")
            continue
        yield Kept(manifest, path.parent)
