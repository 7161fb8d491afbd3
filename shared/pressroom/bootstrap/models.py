"""Wires the pulling of models: the catalog, the models folder, the builder."""

from pathlib import Path

from pressroom import settings as settings_module
from pressroom.adapters.models.errors import ModelError
from pressroom.adapters.models.pull import pull
from pressroom.adapters.models.pull_reader import pull_reader
from pressroom.adapters.models.wheel import Progress
from pressroom.catalog.catalog import Catalog, zoo_folder
from pressroom.catalog.manifest import Manifest
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

    Raises ModelUnknown, ModelCorrupt, ModelError of every kind, and EngineUnavailable."""
    settings = settings or settings_module.load()
    manifest = Catalog.load(settings.zoo_dir, settings.models).find(name)
    shipped = zoo_folder(settings.zoo_dir) / manifest.name
    if manifest.kind != "text":
        if manifest.source is None:
            return shipped  # as it is: its graphs are what is shipped
        return _pull_reader(manifest, shipped, settings, progress)
    return pull(manifest, settings.models, variant, progress, shipped=shipped)


def _pull_reader(manifest: Manifest, shipped: Path, settings: Settings, progress: Progress | None) -> Path:
    from pressroom.bootstrap.verifying import verify_golden  # loads the runtime: only what is built needs it

    return pull_reader(
        manifest,
        shipped,
        settings.models,
        progress,
        gate=lambda folder: verify_golden(manifest, folder, lambda line: None),
    )
