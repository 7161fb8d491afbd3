"""Where the benchmarks find the default text model: pulled once, as ``pressroom models pull`` does."""

import os
from pathlib import Path

from pressroom.adapters.models.pull import pull
from pressroom.catalog.manifest import Manifest

_ROOT = Path(__file__).parents[1]
_MANIFEST = _ROOT / "model_zoo" / "smollm2-135m-instruct" / "manifest.json"


def default_text_manifest() -> Manifest:
    return Manifest.model_validate_json(_MANIFEST.read_bytes())


def models_folder() -> Path:
    """PRESSROOM_MODELS_DIR, else ``var/models``."""
    return Path(os.environ.get("PRESSROOM_MODELS_DIR", _ROOT / "var" / "models")).absolute()


def default_text_model(variant: str = "q8") -> Path:
    """Its folder in the models folder; fetched if it is not there."""
    return pull(default_text_manifest(), models_folder(), variant)
