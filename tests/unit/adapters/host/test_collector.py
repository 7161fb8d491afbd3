"""What is there when a process is assembled is not gone through again; what comes later is collected as ever."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from pressroom.adapters.host.collector import spare_what_is_here


class Ring:
    """Refers to itself: only the collector can tell that nobody else does."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("thawed")
def test_what_is_here_is_spared_and_what_comes_is_not() -> None:
    here = Ring()
    spare_what_is_here()
    assert gc.get_freeze_count() > 1_000
    assert here not in gc.get_objects()
    come = Ring()
    assert come in gc.get_objects()
    gone = weakref.ref(come)
    del come
    gc.collect()
    assert gone() is None


@pytest.mark.usefixtures("thawed")
def test_what_is_garbage_already_is_not_kept() -> None:
    gone = weakref.ref(Ring())
    spare_what_is_here()
    assert gone() is None
