"""The losses that the article names, on one page, each with its gradient by hand. The networks use torch's own; this page is
for reading, and its tests hold it against torch.

    mean square error    L = 1/n Σ (a - y)²                        dL/da = 2/n (a - y)
    cross-entropy        L = -Σ y log a, a = softmax(z)            dL/dz = a - y
    binary               L = -1/n Σ (y log a + (1 - y) log(1 - a)), a = σ(z)      dL/dz = 1/n (a - y)
    KL of N(μ, σ²) from N(0, 1)    ½ (μ² + σ² - 1 - log σ²)         dKL/dμ = μ, dKL/d log σ² = ½ (σ² - 1)

Each returns the loss and the gradient, whose shape is its first argument's.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def mean_square_error(a: Numbers, y: Numbers) -> tuple[float, Numbers]:
    """(n,) twice. The factor 2/n belongs to the gradient: without it a batch twice as large steps twice as far."""
    return float(np.square(a - y).mean()), 2 / a.size * (a - y)


def softmax(z: Numbers) -> Numbers:
    """(n,) → (n,), which sum to 1. Shifted by the largest, so that nothing overflows."""
    raised = np.exp(z - z.max())
    return raised / raised.sum()


def cross_entropy(z: Numbers, y: Numbers) -> tuple[float, Numbers]:
    """Logits (n,), chances (n,) that sum to 1."""
    a = softmax(z)
    shifted = z - z.max()
    return float(-(y * (shifted - np.log(np.exp(shifted).sum()))).sum()), a - y


def binary_cross_entropy(z: Numbers, y: Numbers) -> tuple[float, Numbers]:
    """Logits (n,), chances (n,)."""
    # log(1 + e^z) - y z, which is the same and never takes the logarithm of 0.
    loss = np.logaddexp(0, z) - y * z
    return float(loss.mean()), (1 / (1 + np.exp(-z)) - y) / z.size


def kl_from_standard(mean: Numbers, log_variance: Numbers) -> tuple[float, Numbers, Numbers]:
    """(n,) twice: the sum, and both gradients."""
    variance = np.exp(log_variance)
    loss = 0.5 * (mean**2 + variance - 1 - log_variance).sum()
    return float(loss), mean, 0.5 * (variance - 1)
