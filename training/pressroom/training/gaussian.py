"""The article's first sampler: a point is drawn, and from there another one.

    x ~ N(μ, Σ)      y = x + e with e ~ N(μ, Σ)      so y ~ N(2μ, 2Σ): means add, and so do variances

The article hands the matrix Σ to a function that wants a scale, a standard deviation, and takes an element of a list
that has none of that number. A draw from N(μ, Σ) is μ + L n with Σ = L Lᵀ and n ~ N(0, I).
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def draw(mean: Points, covariance: Points, count: int, dice: np.random.Generator) -> Points:
    """``count`` points of N(mean, covariance): (D,), (D, D) → (count, D). A covariance may be flat in a direction."""
    variances, directions = np.linalg.eigh(covariance)
    root = directions * np.sqrt(np.maximum(variances, 0.0))  # (D, D), root @ root.T is the covariance
    return mean + dice.standard_normal((count, len(mean))) @ root.T


def two_steps(mean: Points, covariance: Points, count: int, seed: int) -> tuple[Points, Points]:
    """The points after one step and after two, (count, D) each."""
    dice = np.random.default_rng(seed)
    first = draw(mean, covariance, count, dice)
    return first, first + draw(mean, covariance, count, dice)
