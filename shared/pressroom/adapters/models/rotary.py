"""Rotary position embeddings: frequencies, as each way of stretching a context has them, and tables of cos and sin."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.geometry import Rope

Floats = NDArray[np.float64]


def plain(base: float, turned: int) -> Floats:
    """(turned / 2,): Su et al. 2021, RoFormer, equation 15."""
    frequencies: Floats = base ** -(np.arange(0, turned, 2, dtype=np.float64) / turned)
    return frequencies


def slower(frequencies: Floats, factors: float | Sequence[float] | Floats, magnitude: float = 1.0) -> Rope:
    """Each frequency divided by its factor: one for all (linear scaling), or one for each."""
    return Rope(tuple((frequencies / np.asarray(factors, np.float64)).tolist()), magnitude)


def llama3_factors(
    frequencies: Floats, *, factor: float, low: float, high: float, original_context: int
) -> Floats:
    """Slow frequencies are divided by ``factor``, fast ones are left alone; between them it goes over smoothly.

    Grattafiori et al. 2024, The Llama 3 Herd of Models, section 3.4.2, with the constants of the model's own config."""
    turns = original_context * frequencies / (2 * math.pi)
    share = np.clip((turns - low) / (high - low), 0.0, 1.0)  # of the frequency as it was
    return np.asarray(1 / ((1 - share) / factor + share))


def longrope_magnitude(longest: int, original_context: int) -> float:
    """Ding et al. 2024, LongRoPE, as Phi-3 has it: what cos and sin are multiplied by."""
    if longest <= original_context:
        return 1.0
    return math.sqrt(1 + math.log(longest / original_context) / math.log(original_context))


def cos_and_sin(rope: Rope | None, head_size: int, positions: int) -> tuple[Floats, Floats]:
    """Two tables (positions, hd/2); pairs that do not turn have 1 and 0."""
    turned = len(rope.inverse) if rope else 0
    cos, sin = np.ones((positions, head_size // 2)), np.zeros((positions, head_size // 2))
    if rope:
        angles = np.outer(np.arange(positions), rope.inverse)
        cos[:, :turned], sin[:, :turned] = np.cos(angles) * rope.magnitude, np.sin(angles) * rope.magnitude
    return cos, sin
