"""The tiny model, built once a file, and an engine on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.tiny_lstm import build_tiny_lstm
from tests.support.tiny_model import build_tiny_model, tiny_engine

from pressroom.engines.text.engine import TextEngine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models"), kind="Q4_1")


@pytest.fixture(scope="module", params=["keys and values", "recurrent"])
def any_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of each kind of state."""
    models = tmp_path_factory.mktemp("models")
    return build_tiny_lstm(models) if request.param == "recurrent" else build_tiny_model(models, kind="Q4_1")


@pytest.fixture
def engine(folder: Path) -> Iterator[TextEngine]:
    opened = tiny_engine(folder)
    yield opened
    opened.close()
