"""Made-up copy and pictures that depend on nothing but seed and index, and numbers that depend on the text alone."""

import random

import numpy as np
from numpy.typing import NDArray

_NOUNS = ("apron", "basket", "button", "candle", "collar", "cushion", "garden", "kettle", "lamp", "mirror")
# Some of them take several bytes, or two units of UTF-16, as words of real models do.
_WORDS = (
    "a",
    "and",
    "bright",
    "calm",
    "crème",
    "every",
    "for",
    "made",
    "of",
    "our",
    "手作",
    "the",
    "🌿",
    "with",
)


def words(seed: int, index: int, count: int) -> list[str]:
    """``count`` tokens; joined they are the text, so all but the first begin with a space."""
    source = random.Random(f"{seed}/{index}")
    chosen = [source.choice(_NOUNS if at % 4 == 3 else _WORDS) for at in range(count)]
    return [word if at == 0 else f" {word}" for at, word in enumerate(chosen)]


def picture(seed: int, index: int, height: int = 28, width: int = 28) -> NDArray[np.uint8]:
    """(height, width) uint8: stripes whose pitch, tilt and shade come from the seed."""
    source = random.Random(f"{seed}/{index}")
    pitch, tilt, shade = source.randint(3, 9), source.randint(0, 3), source.randint(0, 255)
    y, x = np.mgrid[0:height, 0:width]
    stripes: NDArray[np.uint8] = ((x * tilt + y) // pitch * 60 + shade).astype(np.uint8)
    return stripes


def numbers(text: str, width: int) -> NDArray[np.float32]:
    """(width,) float32 from 0 to 1: the same for the same text, and of length 1 where there are several."""
    drawn = np.random.default_rng(list(text.encode())).random(width, np.float32)
    return drawn / np.float32(np.linalg.norm(drawn)) if width > 1 else drawn
