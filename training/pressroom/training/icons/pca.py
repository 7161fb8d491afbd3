"""Principal components of whole pictures: the best that anything linear can do with so many numbers, on what it was fit to."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Pca:
    """``mean`` (D,), ``directions`` (K, D) with rows of length 1 that stand upright on one another."""

    mean: Tensor
    directions: Tensor

    @classmethod
    def of(cls, pictures: Tensor, count: int) -> "Pca":
        """(N, …) → the ``count`` widest directions, at most N - 1 and D of them. By the D by D products of pixels, or by the N by N
        ones of pictures with one another where there are fewer pictures than pixels."""
        flat = pictures.flatten(1)
        mean = flat.mean(0)
        centred = flat - mean
        if flat.shape[1] <= len(flat):
            _, directions = torch.linalg.eigh(centred.T @ centred)  # columns, the widest last
            return cls(mean, directions[:, -min(count, len(flat) - 1) :].T.contiguous())
        variances, weights = torch.linalg.eigh(centred @ centred.T)  # ascending
        kept = min(count, len(flat) - 1)
        directions = weights[:, -kept:].T @ centred
        return cls(mean, directions / variances[-kept:].clamp(min=1e-12).sqrt()[:, None])

    def again(self, pictures: Tensor) -> Tensor:
        """What is left of pictures (N, …) on their way through the numbers."""
        centred = pictures.flatten(1) - self.mean
        return (centred @ self.directions.T @ self.directions + self.mean).view_as(pictures)
