"""The versions of a model as an operator handles them: shown, tried, promoted, rolled back, taken in and removed.

a folder ──check──> <models_dir>/<name>@<version>, whole or not at all ──canary──> a share of the jobs ──promote──> stable
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pressroom.catalog.catalog import MANIFEST_FILE, Catalog, Kept
from pressroom.catalog.files import check_files
from pressroom.catalog.manifest import Manifest
from pressroom.catalog.routes import Route, change_route
from pressroom.domain.errors import ModelCorrupt, RouteInvalid

Check = Callable[[Manifest, Path], None]


@dataclass(frozen=True, slots=True)
class Standing:
    """A version, and what it is to its name: ``stable``, ``canary``, ``previous``, or nothing."""

    kept: Kept
    role: str
    share: float


class Shelf:
    """``busy`` tells how many open jobs were accepted for the weights of a hash."""

    def __init__(self, catalog: Catalog, busy: Callable[[str], int]) -> None:
        self._catalog = catalog
        self._busy = busy

    def standings(self, name: str) -> tuple[Standing, ...]:
        """All versions, the highest first. Raises ModelUnknown."""
        stable, route = self._catalog.find(name).version, self._catalog.route(name)
        flying = route.canary if route.share else None
        rest = 1 - route.share if flying else 1.0
        roles = {route.previous: ("previous", 0.0), flying: ("canary", route.share), stable: ("stable", rest)}
        return tuple(
            Standing(kept, *roles.get(kept.manifest.version, ("", 0.0)))
            for kept in self._catalog.versions(name)
        )

    def canary(self, name: str, version: str, share: float) -> Route:
        """Give a version so many of the jobs that name none. Raises ModelUnknown, RouteInvalid."""
        found = _everybodys(self._catalog.find(f"{name}@{version}"))
        stable = self._catalog.find(name).version
        return self._change(name, lambda route: route.flying(found.version, share, stable=stable))

    def promote(self, name: str, version: str | None) -> Route:
        """Make a version stable; the canary, when None. Raises ModelUnknown, RouteInvalid."""
        chosen = None if version is None else _everybodys(self._catalog.find(f"{name}@{version}")).version
        stable = self._catalog.find(name).version
        return self._change(name, lambda route: route.promoted(chosen, stable=stable))

    def rollback(self, name: str) -> Route:
        """Take the canary back, or what was promoted last. Raises ModelUnknown, RouteInvalid."""
        self._catalog.find(name)

        def back(route: Route) -> Route:
            after = route.rolled_back()
            if after.stable is not None:
                self._catalog.find(f"{name}@{after.stable}")  # or it would go back to what is gone
            return after

        return self._change(name, back)

    def take_in(self, folder: Path, check: Check) -> Kept:
        """Put a model that lies in ``folder`` beside its other versions; ``check`` has the last word on it.

        Raises ModelCorrupt, RouteInvalid where that version is there with other weights, and what ``check`` raises; then
        nothing is changed."""
        manifest = read_manifest(folder)
        there = {kept.manifest.version: kept.manifest for kept in self._versions(manifest.name)}
        known = there.get(manifest.version)
        if known is not None and known.sha256 != manifest.sha256:
            raise RouteInvalid(
                f"{manifest.name} {manifest.version} is here with other weights: give the new ones another version."
            )
        target = self._catalog.models_dir / manifest.reference
        draft = target.with_name(f".{target.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copytree(folder, draft)
            check_files(draft, manifest.marks)
            check(manifest, draft)
            if known is None:
                os.replace(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return Kept(manifest, target) if known is None else self._catalog.kept(known.reference)

    def remove(self, name: str, version: str) -> Path:
        """Delete a version's folder. Raises ModelUnknown, and RouteInvalid for one that is shipped, or that jobs may still
        come for."""
        standings = self.standings(name)
        found = next((one for one in standings if one.kept.manifest.version == version), None)
        if found is None:
            self._catalog.find(f"{name}@{version}")  # raises
            raise RouteInvalid(f"{name}@{version} is a word for a version: say which one.")
        if found.role in ("stable", "canary"):
            raise RouteInvalid(f"{version} is {found.role}: promote another one, or roll back, first.")
        if found.kept.folder.parent != self._catalog.models_dir:
            raise RouteInvalid(f"{name} {version} is shipped with Pressroom and stays.")
        waiting = self._busy(found.kept.manifest.sha256)
        if waiting:
            raise RouteInvalid(f"{waiting} open jobs were accepted for {name} {version}: let them end first.")
        aside = found.kept.folder.with_name(f".{found.kept.folder.name}.gone")
        os.replace(found.kept.folder, aside)
        shutil.rmtree(aside)
        return found.kept.folder

    def _versions(self, name: str) -> tuple[Kept, ...]:
        return tuple(kept for kept in self._catalog.every_version() if kept.manifest.name == name)

    def _change(self, name: str, change: Callable[[Route], Route]) -> Route:
        return change_route(self._catalog.models_dir, name, change)


def read_manifest(folder: Path) -> Manifest:
    """Of a model's folder. Raises ModelCorrupt."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelCorrupt(
            f"{folder / MANIFEST_FILE} does not tell what lies there ({type(error).__name__})."
        ) from error


def _everybodys(manifest: Manifest) -> Manifest:
    """Raises RouteInvalid for what is one tenant's: a bare name is everybody's."""
    if manifest.tenant is not None:
        raise RouteInvalid(
            f"{manifest.reference} is for {manifest.tenant} alone, who asks for it by its version; nobody else may get it."
        )
    return manifest
