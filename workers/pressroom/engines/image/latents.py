"""Random numbers that belong to a picture, and to nothing else: keyed by (seed, index).

A counter-based generator (Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3*, SC11: Philox)
needs no state, so a picture's numbers depend neither on its batch-mates nor on which attempt draws
them. Only the raw bits of numpy's Philox are used, since those are promised to stay; the normal
numbers are made from them here (Box and Muller, 1958), since numpy's may change between versions.
"""

import numpy as np
from numpy.typing import NDArray

_LATENT, _LABEL = 0, 1  # separate streams of one picture


def latent(seed: int, index: int, size: int) -> NDArray[np.float32]:
    """(size,) float32 of N(0, 1) for picture ``index`` of a request with ``seed``."""
    pairs = -(-size // 2)
    raw = _raw(seed, index, _LATENT, 2 * pairs) >> np.uint64(11)  # 53 bits, all that float64 holds
    radius = np.sqrt(-2 * np.log((raw[:pairs] + np.uint64(1)) * 2.0**-53))  # of (0, 1]: no log of 0
    angle = 2 * np.pi * (raw[pairs:] * 2.0**-53)
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    return normal[:size].astype(np.float32)


def drawn_label(seed: int, index: int, count: int) -> int:
    """One of ``count`` labels for picture ``index`` of a request that names none."""
    return int(_raw(seed, index, _LABEL, 1)[0] % np.uint64(count))


def _raw(seed: int, index: int, stream: int, count: int) -> NDArray[np.uint64]:
    key = np.array([seed, stream], dtype=np.uint64)
    counter = np.array([0, 0, 0, index], dtype=np.uint64)  # low words count within the picture
    bits: NDArray[np.uint64] = np.random.Philox(key=key, counter=counter).random_raw(count)
    return bits
