"""Wires the pulling of models: the catalog, the models folder, the builder."""

import subprocess
import sys
from pathlib import Path

from pressroom import settings as settings_module
from pressroom.adapters.models.errors import ModelError
from pressroom.adapters.models.pull import pull
from pressroom.adapters.models.pull_reader import pull_reader
from pressroom.adapters.models.wheel import Progress
from pressroom.catalog.catalog import Catalog, zoo_folder
from pressroom.catalog.manifest import Manifest
from pressroom.domain.errors import ModelCorrupt
from pressroom.settings import Settings

__all__ = ["ModelError", "pull_model"]


def pull_model(
    name: str,
    *,
    variant: str | None = None,
    progress: Progress | None = None,
    settings: Settings | None = None,
) -> Path:
    """Make a catalog model ready on this machine; its folder. Nothing is done for one that is.

    Raises ModelUnknown, ModelCorrupt, and ModelError of every kind."""
    settings = settings or settings_module.load()
    manifest = Catalog.load(settings.zoo_dir, settings.models).find(name)
    shipped = zoo_folder(settings.zoo_dir) / manifest.name
    if manifest.kind != "text":
        if manifest.source is None:
            return shipped  # as it is: its graphs are what is shipped
        return _pull_reader(manifest, shipped, settings, progress)
    return pull(manifest, settings.models, variant, progress, shipped=shipped)


def _pull_reader(manifest: Manifest, shipped: Path, settings: Settings, progress: Progress | None) -> Path:
    return pull_reader(manifest, shipped, settings.models, progress, gate=_hold)


def _hold(folder: Path) -> None:
    """A worker's process holds what was built against its golden outputs: engines live there alone. Raises ModelCorrupt."""
    command = [sys.executable, "-m", "pressroom.worker.verify", "--folder", str(folder)]
    held = subprocess.run(command, check=False, capture_output=True, text=True)
    if held.returncode:
        raise ModelCorrupt(
            held.stderr.strip() or f"{folder.name} could not be held against its golden outputs."
        )
