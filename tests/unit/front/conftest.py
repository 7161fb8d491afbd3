"""A front of the test's own, and a browser whose owner has signed in to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.support.front import Front
from tests.support.pages import signed_in


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    made = Front(tmp_path)
    yield made
    made.parts.follower.stop()


@pytest.fixture
def browser(front: Front) -> FlaskClient:
    return signed_in(front)
