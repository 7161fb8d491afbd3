"""Angles of the rotary position embedding. Su et al. 2021, RoFormer, section 3.2.2."""

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.gguf_weights import Weights


def rotary_angles(model: Weights, positions: int) -> NDArray[np.float64]:
    """(positions, hd/2), in radians."""
    size = model.geometry
    inverse = size.rope_base ** -(np.arange(0, size.head_size, 2, dtype=np.float64) / size.head_size)
    if model.has("rope_freqs.weight"):  # Llama 3's stretching of the slow frequencies
        inverse = inverse / model.dense("rope_freqs.weight").astype(np.float64)
    angles: NDArray[np.float64] = np.outer(np.arange(positions) / size.rope_scale, inverse)
    return angles
