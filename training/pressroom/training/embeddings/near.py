"""Which words lie near each other, and whether those of one meaning do."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def directions(vectors: Vectors) -> Vectors:
    """(V, D) of length 1, around their mean: what all have in common tells nothing (Mu and Viswanath 2018)."""
    centred = vectors - vectors.mean(0)
    length: Vectors = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.maximum(length, 1e-9)


def nearest(towards: Vectors, word: int, count: int) -> list[tuple[int, float]]:
    """The words whose directions are most alike, with the cosine, the most alike first; without the word itself."""
    cosines = towards @ towards[word]
    order = np.argsort(-cosines, kind="stable")
    return [(int(other), float(cosines[other])) for other in order[: count + 1] if other != word][:count]


def closer_than_chance(towards: Vectors, pairs: Iterable[tuple[int, int]], *, seed: int = 0) -> float:
    """Of pairs that mean the same, the share that is more alike than the first is with a word drawn by chance; ½ would be
    chance. Raises ValueError where there is no pair."""
    found = np.array(list(pairs), np.int64).reshape(-1, 2)
    if not len(found):
        raise ValueError("there is no pair to judge by")
    others = np.random.default_rng(seed).integers(0, len(towards), len(found))
    first = towards[found[:, 0]]
    same = (first * towards[found[:, 1]]).sum(1)
    chance = (first * towards[others]).sum(1)
    return float((same > chance).mean())


def flat(towards: Vectors, words: Sequence[int]) -> NDArray[np.float64]:
    """(W, 2): the words in the plane in which they differ most (principal components, by singular values)."""
    chosen = towards[list(words)].astype(np.float64)
    chosen -= chosen.mean(0)
    _, _, axes = np.linalg.svd(chosen, full_matrices=False)
    plane: NDArray[np.float64] = chosen @ axes[:2].T
    return plane
