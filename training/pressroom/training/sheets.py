"""Sheets of small pictures, to look at what a network makes."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

_BACKGROUND = 40


def sheet(pixels: Tensor, path: Path, columns: int) -> None:
    """(N, H, W) or (N, 3, H, W) in [0, 1], laid out in rows, as a file."""
    shown = (pixels.clamp(0, 1) * 255).round().byte()
    if shown.dim() == 4:
        shown = shown.movedim(1, -1)
    grid(shown.numpy(), columns).save(path)


def grid(pixels: NDArray[np.uint8], columns: int, *, scale: int = 2, gap: int = 2) -> Image.Image:
    """Pictures (N, H, W) or (N, H, W, 3) in rows, on dark grey, magnified ``scale`` times."""
    count, height, width, *colours = pixels.shape
    rows = -(-count // columns)
    whole = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, *colours), _BACKGROUND, np.uint8
    )
    for at, picture in enumerate(pixels):
        top, left = gap + at // columns * (height + gap), gap + at % columns * (width + gap)
        whole[top : top + height, left : left + width] = picture
    image = Image.fromarray(whole)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.LANCZOS)
