"""Peak signal to noise: how near a picture that was made again is to its original, in decibels."""

import torch
from torch import Tensor


def psnr(original: Tensor, again: Tensor) -> float:
    """Of pixels in [0, 1], the first size counts pictures: the mean over pictures of 10 log₁₀(1 / mean square error).

    Infinite where one is exact. Raises ValueError for other shapes."""
    if original.shape != again.shape:
        raise ValueError(f"pictures of {tuple(original.shape)} and {tuple(again.shape)} cannot be compared")
    errors = (original - again).double().square().flatten(1).mean(1)
    return float((-10 * torch.log10(errors)).mean())
