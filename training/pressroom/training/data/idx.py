"""Data sets in the four idx files of MNIST (LeCun et al. 1998): pictures and what they show."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pressroom.training.data import sources
from pressroom.training.data.sources import Say

TRAIN, TEST = "train", "t10k"
_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(sources.Source):
    """``labels``: what the numbers of the classes mean."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """``images``: (N, 28, 28) uint8, 0 black to 255 white; ``labels``: (N,) uint8, index in the source's labels."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, slots=True)
class Pictures:
    """60,000 pictures to train on and 10,000 to test on, as published."""

    train: Split
    test: Split


def files_of(*digests: str) -> dict[str, str]:
    """The four files with their hashes: images and labels to train on, images and labels to test on."""
    names = [f"{part}-{what}" for part in (TRAIN, TEST) for what in (_IMAGES, _LABELS)]
    return dict(zip(names, digests, strict=True))


def load(source: Source, folder: Path | None = None, *, say: Say = lambda line: None) -> Pictures:
    """See ``sources.read``, which says what is raised."""
    raw = sources.read(source, folder, say=say)
    return Pictures(train=_split(raw, TRAIN), test=_split(raw, TEST))


def _split(raw: Mapping[str, bytes], part: str) -> Split:
    return Split(
        _unsigned(raw[f"{part}-{_IMAGES}"], offset=16).reshape(-1, 28, 28),
        _unsigned(raw[f"{part}-{_LABELS}"], offset=8),
    )


def _unsigned(content: bytes, offset: int) -> NDArray[np.uint8]:
    """The payload of an idx file: a big-endian header of ``offset`` bytes, then unsigned bytes."""
    return np.frombuffer(content, np.uint8, offset=offset)
