"""A whole Pressroom in one process, on a socket: dialects wait and stream."""

from collections.abc import Iterator

import httpx
import pytest
from tests.support.mini_stack import MiniStack


@pytest.fixture(scope="module")
def stack() -> Iterator[MiniStack]:
    with MiniStack(step_s=0.005) as made:
        yield made


@pytest.fixture(scope="module")
def client(stack: MiniStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, headers=stack.auth, timeout=30) as made:
        yield made
