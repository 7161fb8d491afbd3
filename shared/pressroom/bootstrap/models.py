"""Wires the pulling of models: the catalog, the models folder, the builder."""

from pathlib import Path

from pressroom import settings as settings_module
from pressroom.adapters.models.errors import ModelError
from pressroom.adapters.models.pull import pull
from pressroom.adapters.models.wheel import Progress
from pressroom.catalog.catalog import Catalog, zoo_folder
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
    if manifest.kind == "image":
        return shipped  # as it is: its graphs are what is shipped
    return pull(manifest, settings.models, variant, progress, shipped=shipped)
