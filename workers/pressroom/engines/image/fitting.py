"""A picture of any size in the small frame that a model sees, and a change of that frame in the picture again.

    picture (H, W, C) ─ on paper, grey or RGB ─ padded to the frame's form ─ made small ─> (h, w[, 3])
    picture + change  <─ cut ─────────────────────────────────────────────── made large <─ (h, w[, 3])

The paper behind what is transparent is black for grey models, whose data are light things on black, and white for colour ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pressroom.engines.base import Pixels

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Frame:
    """``height`` × ``width`` pixels of ``channels`` (1 or 3)."""

    height: int
    width: int
    channels: int

    def seen(self, picture: Pixels) -> Floats:
        """The picture as the model gets it: (h, w) or (h, w, 3) float32 in [0, 1]."""
        flat = on_paper(picture, self.channels).astype(np.float32) / np.float32(255)
        top, left, height, width = self._place(picture)
        edge = np.median(_border(flat), axis=0).astype(np.float32)
        whole = np.empty((height, width, *flat.shape[2:]), np.float32)
        whole[...] = edge
        whole[top : top + flat.shape[0], left : left + flat.shape[1]] = flat
        return np.clip(_resized(whole, self.height, self.width), 0, 1)

    def seen_mask(self, mask: Pixels) -> Floats:
        """(H, W) → (h, w), or (h, w, 1) in colour: how much of each pixel is painted anew, in [0, 1]."""
        top, left, height, width = self._place(mask)
        whole = np.zeros((height, width), np.float32)
        whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask >= 128
        small = np.clip(_resized(whole, self.height, self.width), 0, 1)
        return small if self.channels == 1 else small[..., None]

    def back(self, values: Floats, picture: Pixels) -> Floats:
        """Values of the frame where the picture lies in it, at the picture's size: (h, w[, 3]) → (H, W[, 3])."""
        top, left, height, width = self._place(picture)
        whole = _resized(values, height, width)
        return whole[top : top + picture.shape[0], left : left + picture.shape[1]]

    def _place(self, picture: Pixels) -> tuple[int, int, int, int]:
        """Where it lies in a picture of the frame's form that holds it: top, left, height, width."""
        rows, columns = picture.shape[:2]
        height = max(rows, -(-columns * self.height // self.width))
        width = max(columns, -(-rows * self.width // self.height))
        return (height - rows) // 2, (width - columns) // 2, height, width


def on_paper(picture: Pixels, channels: int) -> Pixels:
    """Without transparency, in so many channels: (H, W[, 3 or 4]) → (H, W) or (H, W, 3)."""
    if picture.ndim == 3 and picture.shape[2] == 4:
        alpha = picture[..., 3:].astype(np.float32) / 255
        paper = 0 if channels == 1 else 255
        picture = np.rint(picture[..., :3] * alpha + paper * (1 - alpha)).astype(np.uint8)
    if channels == 1 and picture.ndim == 3:
        return np.asarray(Image.fromarray(picture).convert("L"))
    if channels == 3 and picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2)
    return picture


def changed(picture: Pixels, change: Floats) -> Pixels:
    """The picture plus a change in [-1, 1]; where that is 0, its very pixels. Transparency stays as it is."""
    if change.ndim == 3 and picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    colours, alpha = (
        (picture[..., :3], picture[..., 3:]) if picture.ndim == 3 else (picture, picture[..., :0])
    )
    if change.ndim < colours.ndim:
        change = change[..., None]
    moved = np.clip(np.rint(colours + change * 255), 0, 255).astype(np.uint8)
    return np.concatenate([moved, alpha], axis=2) if picture.ndim == 3 else moved


def _border(picture: Floats) -> Floats:
    """Its outermost pixels, (N[, C])."""
    return np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])


def _resized(values: Floats, height: int, width: int) -> Floats:
    """(H, W[, C]) → (height, width[, C]); the same array where that is its size. Bicubic, over the whole area where it shrinks."""
    if values.shape[:2] == (height, width):
        return values
    planes = values[..., None] if values.ndim == 2 else values
    made = [
        np.asarray(Image.fromarray(planes[..., n]).resize((width, height), Image.Resampling.BICUBIC))
        for n in range(planes.shape[2])
    ]
    return np.stack(made, axis=2) if values.ndim == 3 else made[0]
