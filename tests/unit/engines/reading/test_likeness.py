"""How near texts are to facts, by vectors."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
import pytest

from pressroom.engines.base import Numbers
from pressroom.engines.reading.likeness import EmbeddedLikeness
from pressroom.engines.reading.readers import Embedder, Heard


class Counting:
    """Vectors by the number of each letter."""

    opened = 0

    def __init__(self) -> None:
        type(self).opened += 1

    def heard(self, text: str) -> Heard:
        ids = tuple(map(ord, text))
        return Heard(ids, len(ids))

    def read(self, rows: Sequence[tuple[int, ...]]) -> Numbers:
        counts = np.zeros((len(rows), 128), np.float32)
        for n, row in enumerate(rows):
            for each in row:
                counts[n, each] += 1
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), np.float32)


def opened() -> Embedder:
    return cast(Embedder, Counting())


def test_the_nearer_text_has_the_larger_number() -> None:
    near, far, same = EmbeddedLikeness(opened)(["oak lamp", "zzz", "lamp oak"], "lamp of oak")
    assert 0 <= far < near <= 1
    assert same == pytest.approx(near)


def test_of_nothing_nothing_is_said() -> None:
    likeness = EmbeddedLikeness(opened)
    assert list(likeness([], "facts")) == []
    assert list(likeness(["a", "b"], " ")) == [0.0, 0.0]
    assert len(likeness(["", "b"], "facts")) == 2


def test_it_is_opened_once_and_with_the_first_question() -> None:
    Counting.opened = 0
    likeness = EmbeddedLikeness(opened)
    assert Counting.opened == 0
    barrier = threading.Barrier(4)

    def ask(_: int) -> Sequence[float]:
        barrier.wait()
        return likeness(["a"], "ab")

    with ThreadPoolExecutor(4) as at_once:
        assert len(set(map(tuple, at_once.map(ask, range(4))))) == 1
    assert Counting.opened == 1
