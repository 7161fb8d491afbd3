"""The default text model, and the embedding model: found under PRESSROOM_MODELS_DIR or ``var/models``, or fetched there once."""

import os
from pathlib import Path

import pytest
from tests.services.absent import missing

from pressroom.adapters.models.errors import FetchFailed
from pressroom.adapters.models.pull import pull
from pressroom.bootstrap.models import pull_model
from pressroom.catalog.manifest import Manifest
from pressroom.settings import Settings

_ROOT = Path(__file__).parents[2]
MANIFEST = _ROOT / "model_zoo" / "smollm2-135m-instruct" / "manifest.json"


@pytest.fixture(scope="session")
def text_model() -> Path:
    """Its folder, with the default variant built."""
    manifest = Manifest.model_validate_json(MANIFEST.read_bytes())
    try:
        return pull(manifest, _models_folder())
    except FetchFailed as error:
        missing("the default text model", str(error))
        raise


@pytest.fixture(scope="session")
def embedding_model() -> Path:
    """Its folder beside the text model's, built and held against its original."""
    try:
        return pull_model("all-minilm-l6-v2", settings=Settings(models_dir=_models_folder()))
    except FetchFailed as error:
        missing("the embedding model", str(error))
        raise


def _models_folder() -> Path:
    return Path(os.environ.get("PRESSROOM_MODELS_DIR") or _ROOT / "var" / "models")
