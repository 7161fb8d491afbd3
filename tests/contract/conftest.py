"""The front over memory adapters, for the tests of the API; and a whole Pressroom on a socket, for those that wait and stream."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.awaited import Opened, blocking
from tests.support.front import Front
from tests.support.mini_stack import MiniStack

from pressroom.client import AsyncClient, Client


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """A front of the test's own."""
    made = Front(tmp_path)
    yield made
    made.parts.follower.stop()


@pytest.fixture(scope="module")
def stack() -> Iterator[MiniStack]:
    """Shared by a module's tests."""
    with MiniStack(step_s=0.005) as made:
        yield made


@pytest.fixture(scope="module")
def client(stack: MiniStack) -> Iterator[httpx.Client]:
    """Speaks to it with its key."""
    with httpx.Client(base_url=stack.url, headers=stack.auth, timeout=30) as made:
        yield made


@pytest.fixture(params=["blocking", "awaited"])
def opened(request: pytest.FixtureRequest) -> Opened:
    """Opens one of the two clients at a Pressroom."""
    if request.param == "blocking":
        return lambda stack: Client(stack.url, stack.key)
    return lambda stack: blocking(lambda: AsyncClient(stack.url, stack.key))
