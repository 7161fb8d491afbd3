"""Fixed batch sizes: padding is cut off again, and a size whose rows differ is not used."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.engines.image.decoder import Decoder

Feeds = Mapping[str, NDArray[Any]]


class _Session:
    """Rows in, rows out: z summed up, with an error that depends on the batch where told so."""

    inputs = ("z", "label", "guidance")

    def __init__(self, *, wrong_sizes: tuple[int, ...] = (), wrong_places: bool = False) -> None:
        self.sizes: list[int] = []
        self._wrong_sizes = wrong_sizes
        self._wrong_places = wrong_places

    def run(self, feeds: Feeds) -> list[NDArray[Any]]:
        z, label, guidance = feeds["z"], feeds["label"], feeds["guidance"]
        assert len(z) == len(label) == len(guidance)
        self.sizes.append(len(z))
        values = z.sum(1) + label + guidance
        if len(z) in self._wrong_sizes:
            values = values * np.float32(1 + 1e-6)
        if self._wrong_places:
            values = values + np.arange(len(z), dtype=np.float32)
        return [np.broadcast_to(values[:, None, None], (len(z), 2, 2)).astype(np.float32)]


def _decoder(session: _Session, largest: int = 64) -> Decoder:
    return Decoder(session, latents=4, labels=3, largest=largest)  # type: ignore[arg-type]


def _rows(count: int) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    z = np.arange(count * 4, dtype=np.float32).reshape(count, 4)
    return z, np.zeros(count, np.int64), np.ones(count, np.float32)


def test_before_it_is_verified_everything_runs_at_the_largest_size() -> None:
    session = _Session()
    pixels = _decoder(session).run(*_rows(3))
    assert session.sizes == [64]
    assert pixels.shape == (3, 2, 2)
    assert pixels[:, 0, 0].tolist() == [7.0, 23.0, 39.0]


@pytest.mark.parametrize(("rows", "size"), [(1, 1), (3, 4), (8, 8), (9, 16), (33, 64), (64, 64)])
def test_a_verified_decoder_pads_to_the_next_size(rows: int, size: int) -> None:
    session = _Session()
    decoder = _decoder(session)
    decoder.verify()
    assert decoder.sizes == (1, 2, 4, 8, 16, 32, 64)
    session.sizes.clear()
    assert decoder.run(*_rows(rows)).shape == (rows, 2, 2)
    assert session.sizes == [size]


def test_a_size_whose_rows_differ_is_not_used() -> None:
    decoder = _decoder(_Session(wrong_sizes=(1, 8, 32)))
    decoder.verify()
    assert decoder.sizes == (2, 4, 16, 64)


def test_where_nothing_agrees_each_picture_runs_alone() -> None:
    session = _Session(wrong_places=True)
    decoder = _decoder(session)
    decoder.verify()
    assert decoder.sizes == (1,)
    session.sizes.clear()
    assert decoder.run(*_rows(3)).shape == (3, 2, 2)
    assert session.sizes == [1, 1, 1]


@pytest.mark.parametrize("largest", [1, 5, 8, 12])
def test_any_largest_size_works(largest: int) -> None:
    decoder = _decoder(_Session(), largest)
    decoder.verify()
    assert decoder.sizes[-1] == largest
    assert decoder.run(*_rows(largest)).shape == (largest, 2, 2)
