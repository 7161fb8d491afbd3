"""Weights in blocks of 32 inputs with a scale each: what ``MatMulNBits`` multiplies with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 32


@dataclass(frozen=True, slots=True)
class FourBit:
    """``w = scale * (q - 8) + shift``; q (N, K/32, 32) uint8 below 16, scale and shift (N, K/32) float32.

    ``shift`` is None where it is zero everywhere (Q4_0).
    """

    q: NDArray[np.uint8]
    scale: NDArray[np.float32]
    shift: NDArray[np.float32] | None

    def rows(self, which: slice | NDArray[np.int64]) -> "FourBit":
        return FourBit(self.q[which], self.scale[which], None if self.shift is None else self.shift[which])


@dataclass(frozen=True, slots=True)
class EightBit:
    """``w = scale * (q - zero)``; q (N, K/32, 32) uint8, scale (N, K/32) float32, zero (N, K/32) uint8."""

    q: NDArray[np.uint8]
    scale: NDArray[np.float32]
    zero: NDArray[np.uint8]

    def rows(self, which: slice | NDArray[np.int64]) -> "EightBit":
        return EightBit(self.q[which], self.scale[which], self.zero[which])


def round_to_eight_bit(weights: NDArray[np.float32]) -> EightBit:
    """Weights (N, K) at the nearest of 256 levels between each block's minimum and maximum; zero is always a level."""
    rows, columns = weights.shape
    blocks = weights.reshape(rows, columns // BLOCK, BLOCK)
    low = np.minimum(blocks.min(-1), 0)
    high = np.maximum(blocks.max(-1), 0)
    scale = (high - low) / np.float32(255)
    scale[scale == 0] = 1
    zero = np.clip(np.rint(-low / scale), 0, 255)
    q = np.clip(np.rint(blocks / scale[..., None]) + zero[..., None], 0, 255)
    return EightBit(q.astype(np.uint8), scale.astype(np.float32), zero.astype(np.uint8))
