"""The Fréchet distance of two clouds of features, each taken for a Gaussian.

    d² = |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)

Dowson and Landau 1982, "The Fréchet distance between multivariate normal distributions", equation 4; Heusel et al. 2017 use
it for pictures (FID). It is biased: of two samples of the same cloud it is above zero, the more the smaller they are. So it
is told beside its floor, the distance of real pictures from other real ones of the same number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Cloud:
    """``mean`` (D,) and ``covariance`` (D, D) of ``count`` rows."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    count: int

    @classmethod
    def of(cls, features: Features) -> "Cloud":
        """(N, D), N at least 2. Raises ValueError."""
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(f"features are (N, D) with two rows at least, not {features.shape}")
        wide = features.astype(np.float64)
        return cls(wide.mean(0), np.atleast_2d(np.cov(wide, rowvar=False)), len(wide))


def distance(one: Cloud, two: Cloud) -> float:
    """d², as FID tells it: 0 for the same mean and covariance. Raises ValueError for features of other widths."""
    if one.mean.shape != two.mean.shape:
        raise ValueError(f"features of {len(one.mean)} and {len(two.mean)} numbers cannot be compared")
    root = _root(one.covariance)
    # (Σ₁ Σ₂)^½ has the same trace as (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric, so that its root is sure to be real.
    between = np.linalg.eigvalsh(root @ two.covariance @ root)
    overlap = np.sqrt(np.maximum(between, 0.0)).sum()
    apart = np.square(one.mean - two.mean).sum()
    return float(max(0.0, apart + np.trace(one.covariance) + np.trace(two.covariance) - 2 * overlap))


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    variances, directions = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (directions * np.sqrt(np.maximum(variances, 0.0))) @ directions.T
    return root
