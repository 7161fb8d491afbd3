"""The front over memory adapters, for the tests of the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.front import Front


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """A front of the test's own."""
    made = Front(tmp_path)
    yield made
    made.parts.follower.stop()
