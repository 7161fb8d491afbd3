"""8-bit weights in the order in which our own product reads them (``engines/kernels/product.h``).

    w (N, K) ──> panels of 32 columns: (P, K/4, 32, 4), so that one load holds 4 numbers of each of 16 columns

The last panel is filled up with zeros, and so is K. Where a product is gated, a panel holds 16 gates and the 16
columns that they let through.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.row_scaled import row_scaled

PANEL, DEPTH_STEP = 32, 4
_MIDDLE = 128


@dataclass(frozen=True, slots=True)
class Panels:
    """``columns`` N that come out; ``weights`` (P, K/4, 32, 4) int8; ``scale`` and ``bias`` (P, 32) float32;
    ``shift`` (P, 32) int32: what 128 too much in each number of x adds to a column."""

    columns: int
    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    shift: NDArray[np.int32]
    bias: NDArray[np.float32] | None


def panels(
    weights: NDArray[np.float32], bias: NDArray[np.float32] | None = None, *, gated: bool = False
) -> Panels:
    """Weights (N, K) and bias (N,), in float32. ``gated``: the first half of the rows are the gates of the other."""
    integers, scale = row_scaled(weights)
    packed = _packed(integers, gated)  # (P, 32, K)
    depth = -(-packed.shape[2] // DEPTH_STEP) * DEPTH_STEP
    filled = np.pad(packed, ((0, 0), (0, 0), (0, depth - packed.shape[2])))
    steps = filled.reshape(len(packed), PANEL, depth // DEPTH_STEP, DEPTH_STEP).swapaxes(1, 2)
    return Panels(
        columns=len(weights) // (2 if gated else 1),
        weights=np.ascontiguousarray(steps),
        scale=_packed(scale, gated),
        shift=packed.sum(axis=2, dtype=np.int32) * np.int32(_MIDDLE),
        bias=None if bias is None else _packed(bias, gated),
    )


def _packed(rows: NDArray[Any], gated: bool) -> NDArray[Any]:
    """(N, …) to (P, 32, …)."""
    parts = np.split(rows, 2) if gated else [rows]
    width = PANEL // len(parts)
    short = -len(parts[0]) % width
    filled = [np.pad(part, ((0, short), *[(0, 0)] * (rows.ndim - 1))) for part in parts]
    return np.concatenate([part.reshape(-1, width, *rows.shape[1:]) for part in filled], axis=1)
