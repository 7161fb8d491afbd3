"""Precision and recall of what was made, by who lies among whom.

Each point has a ball that reaches to its k-th nearest neighbour among its own kind; the balls together are what that kind
covers. Precision is the share of made points that real ones cover, recall the share of real points that made ones cover
(Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative Models", section 2, k = 3).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

K = 3
_ROWS_AT_ONCE = 1_000

Features = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Cover:
    """Shares in [0, 1]."""

    precision: float
    recall: float


def cover(real: Features, made: Features, k: int = K) -> Cover:
    """(N, D) and (M, D), more than ``k`` rows each; best of the same number, as both depend on it. Raises ValueError."""
    if min(len(real), len(made)) <= k:
        raise ValueError(f"more than {k} rows of each are needed, not {len(real)} and {len(made)}")
    if real.shape[1:] != made.shape[1:]:
        raise ValueError(f"features of shapes {real.shape} and {made.shape} cannot be compared")
    return Cover(precision=_covered(made, real, k), recall=_covered(real, made, k))


def _covered(points: Features, by: Features, k: int) -> float:
    """The share of ``points`` within a ball of one of ``by``."""
    reach = _reach(by, k)  # (M,), squared
    inside = [
        (_distances(points[at : at + _ROWS_AT_ONCE], by) <= reach).any(1)
        for at in range(0, len(points), _ROWS_AT_ONCE)
    ]
    return float(np.concatenate(inside).mean())


def _reach(points: Features, k: int) -> NDArray[np.float64]:
    """(N,): squared distance of each to its k-th nearest other one."""
    reaches = []
    for at in range(0, len(points), _ROWS_AT_ONCE):
        squares = _distances(points[at : at + _ROWS_AT_ONCE], points)
        # A point is its own nearest, wherever rounding puts it.
        squares[np.arange(len(squares)), at + np.arange(len(squares))] = -1.0
        reaches.append(np.partition(squares, k, axis=1)[:, k])
    return np.concatenate(reaches)


def _distances(one: Features, two: Features) -> NDArray[np.float64]:
    """(A, D), (B, D) → (A, B), squared."""
    a, b = one.astype(np.float64), two.astype(np.float64)
    squares: NDArray[np.float64] = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.maximum(squares, 0.0)
