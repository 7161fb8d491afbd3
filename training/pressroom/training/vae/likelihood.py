"""What a picture costs under each likelihood of its pixels, in nats. All take the decoder's logits.

    bernoulli    grey values as chances of white: a cross-entropy, but no density, so no bits a pixel
    gaussian     N(x; μ, σ²) with one σ for all pixels, learnt (Rybkin et al. 2021, "σ-VAE", section 3): the squared error
                 (x - μ)² with its weight found rather than chosen
    logistic     the chance of each of 256 levels: a logistic of one width for all pixels, learnt, whose mass between the
                 levels' borders is taken (Kingma et al. 2016, "Inverse Autoregressive Flow", appendix C; Salimans et al.
                 2017, "PixelCNN++", section 2.1). A true probability: bits a pixel are valid

μ is sigmoid(logits). Shapes: (B, H, W) twice → (B,).
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Likelihood = Literal["bernoulli", "gaussian", "logistic"]
LEVELS = 256
"""Of grey, which pixels of 8 bits have: from 0 to 1 in equal steps."""

# Widths stay where a float32 can tell them apart: a thousandth of a level, and ten times the whole scale.
_NARROWEST, _WIDEST = math.log(1e-3 / (LEVELS - 1)), math.log(10.0)


def cost(likelihood: Likelihood, logits: Tensor, pixels: Tensor, log_scale: Tensor) -> Tensor:
    """−log p(pixels | logits) under ``likelihood``; ``log_scale`` () is the logarithm of σ or of the logistic's width."""
    match likelihood:
        case "bernoulli":
            return bernoulli(logits, pixels)
        case "gaussian":
            return gaussian(logits, pixels, log_scale)
        case "logistic":
            return logistic(logits, pixels, log_scale)


def bernoulli(logits: Tensor, pixels: Tensor) -> Tensor:
    """Cross-entropy of grey pixels."""
    return F.binary_cross_entropy_with_logits(logits, pixels, reduction="none").flatten(1).sum(1)


def gaussian(logits: Tensor, pixels: Tensor, log_scale: Tensor) -> Tensor:
    """A density on [0, 1], so it may be negative."""
    log_scale = log_scale.clamp(_NARROWEST, _WIDEST)
    error = (pixels - torch.sigmoid(logits)) * (-log_scale).exp()  # (B, H, W), in σ
    return (0.5 * error.square() + log_scale + 0.5 * math.log(2 * math.pi)).flatten(1).sum(1)


def logistic(logits: Tensor, pixels: Tensor, log_scale: Tensor) -> Tensor:
    """With S the logistic function, a level's chance is S(a) - S(b) = S(a) S(-b) (1 - e^(b - a)), a and b its borders;
    the first and the last level reach to infinity."""
    narrow = (-log_scale.clamp(_NARROWEST, _WIDEST)).exp()
    half = 0.5 / (LEVELS - 1)
    off = pixels - torch.sigmoid(logits)  # (B, H, W)
    above = F.logsigmoid((off + half) * narrow)
    below = F.logsigmoid(-(off - half) * narrow)
    between = above + below + torch.log(-torch.expm1(-2 * half * narrow))
    chance = torch.where(pixels < half, above, torch.where(pixels > 1 - half, below, between))
    return -chance.flatten(1).sum(1)


def bits_per_dim(nats: float, pixels: int) -> float:
    """Bits a pixel of ``nats`` a picture. Valid for ``logistic`` alone."""
    return nats / pixels / math.log(2)
