"""The default text model: found under PRESSROOM_MODELS_DIR or ``var/models``, or fetched there once."""

import os
from pathlib import Path

import pytest
from tests.services.absent import missing

from pressroom.adapters.models.errors import FetchFailed
from pressroom.adapters.models.pull import pull
from pressroom.catalog.manifest import Manifest

_ROOT = Path(__file__).parents[2]
MANIFEST = _ROOT / "model_zoo" / "smollm2-135m-instruct" / "manifest.json"


@pytest.fixture(scope="session")
def text_model() -> Path:
    """Its folder, with the default variant built."""
    manifest = Manifest.model_validate_json(MANIFEST.read_bytes())
    models = Path(os.environ.get("PRESSROOM_MODELS_DIR") or _ROOT / "var" / "models")
    try:
        return pull(manifest, models)
    except FetchFailed as error:
        missing("the default text model", str(error))
        raise
