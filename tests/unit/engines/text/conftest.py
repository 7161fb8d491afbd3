"""The tiny model, built once a file, and an engine on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.tiny_model import build_tiny_model, tiny_engine

from pressroom.engines.text.engine import TextEngine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models"), kind="Q4_1")


@pytest.fixture
def engine(folder: Path) -> Iterator[TextEngine]:
    opened = tiny_engine(folder)
    yield opened
    opened.close()
