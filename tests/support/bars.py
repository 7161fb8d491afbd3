"""Made-up pictures that have something to learn: bars, upright or flat, in either half."""

import numpy as np

from pressroom.training.data.idx import Split

CLASSES = 4


def bars(count: int, seed: int = 0, side: int = 28) -> Split:
    """White bars on black. Class 0: upright, left; 1: upright, right; 2: flat, above; 3: flat, below."""
    dice = np.random.default_rng(seed)
    labels = dice.integers(0, CLASSES, count).astype(np.uint8)
    images = np.zeros((count, side, side), np.uint8)
    thick, half = side // 7, side // 2
    for image, label, place in zip(images, labels, dice.integers(0, half - thick, count), strict=True):
        begin = place + half * (label % 2)
        if label < 2:
            image[:, begin : begin + thick] = 255
        else:
            image[begin : begin + thick] = 255
    return Split(images, labels)
