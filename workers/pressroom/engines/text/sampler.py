"""Logits to the next token, one row at a time, repeatable.

The order is: repetition penalty, temperature, top-k, top-p, draw. The draw's randomness is a
function of (seed, output, position) alone: Philox is a counter-based generator (Salmon et al.
2011), so a second attempt repeats the first whatever else runs beside it.
"""

import numpy as np
from numpy.typing import NDArray

from pressroom.contract.params import TextParams

_BLOCK = 64


class SeenTokens:
    """The set of tokens that a row holds, in order of first sight."""

    def __init__(self, vocab: int) -> None:
        self._mask = np.zeros(vocab, np.bool_)
        self._ids = np.empty(64, np.int64)
        self._count = 0

    def add(self, token: int) -> None:
        if self._mask[token]:
            return
        self._mask[token] = True
        if self._count == len(self._ids):
            self._ids = np.concatenate([self._ids, np.empty_like(self._ids)])
        self._ids[self._count] = token
        self._count += 1

    @property
    def ids(self) -> NDArray[np.int64]:
        return self._ids[: self._count]


class Sampler:
    """Chooses the tokens of one output. ``seed`` and ``output`` key its randomness."""

    def __init__(self, params: TextParams, vocab: int, prompt: list[int], output: int) -> None:
        self._params = params
        self._key = np.array([params.seed or 0, output], np.uint64)
        self._position = 0
        self._seen = SeenTokens(vocab) if params.repetition_penalty != 1 else None
        for token in prompt if self._seen is not None else ():
            self.see(token)

    def see(self, token: int) -> None:
        """Count ``token`` as used, for the repetition penalty."""
        if self._seen is not None:
            self._seen.add(token)

    def choose(self, logits: NDArray[np.float32]) -> int:
        """The next token from logits (V,), which are changed in place. NaN raises ``ValueError``."""
        position, self._position = self._position, self._position + 1
        if self._seen is not None:
            penalise(logits, self._seen.ids, self._params.repetition_penalty)
        best = int(logits.argmax())  # argmax finds a NaN if there is one
        if not np.isfinite(logits[best]):
            raise ValueError("the model's output is not a number")
        token = best
        if self._params.temperature > 0:
            ids, chances = shortlist(logits, self._params.temperature, self._params.top_k, self._params.top_p)
            token = draw(ids, chances, uniform(self._key, position))
        self.see(token)
        return token


def penalise(logits: NDArray[np.float32], ids: NDArray[np.int64], penalty: float) -> None:
    """Make seen tokens less likely, in place. Keskar et al. 2019 (CTRL), section 4.1."""
    values = logits[ids]
    logits[ids] = np.where(values > 0, values / np.float32(penalty), values * np.float32(penalty))


def shortlist(
    logits: NDArray[np.float32], temperature: float, top_k: int, top_p: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Tokens that may be drawn, and their chances (sum 1, float64).

    Of the ``top_k`` likeliest (0: all), the smallest set whose mass reaches ``top_p``. Holtzman
    et al. 2020, section 3.1. Likeliest first (ties by id); by id where every token may be drawn.
    """
    top = float(logits.max())

    def weights(values: NDArray[np.float32]) -> NDArray[np.float64]:
        chances: NDArray[np.float64] = np.exp((values.astype(np.float64) - top) / temperature)
        return chances

    if 0 < top_k < len(logits):
        ids = _sorted(logits, _largest(logits, top_k))[:top_k]
        chances = weights(logits[ids])
        chances /= chances.sum()
    else:
        everything = weights(logits)
        everything /= everything.sum()
        if top_p >= 1:
            return np.arange(len(logits)), everything
        # Tokens below this chance hold, all together, less than what the nucleus leaves out.
        ids = _sorted(logits, np.flatnonzero(everything >= (1 - top_p) / len(logits)))
        chances = everything[ids]
    if top_p < 1:
        keep = int(np.searchsorted(np.cumsum(chances), top_p)) + 1
        ids, chances = ids[:keep], chances[:keep] / chances[:keep].sum()
    return ids, chances


def uniform(key: NDArray[np.uint64], position: int) -> float:
    """The number in [0, 1) that belongs to this key and position."""
    return float(np.random.Generator(np.random.Philox(key=key, counter=position)).random())


def draw(ids: NDArray[np.int64], chances: NDArray[np.float64], chance: float) -> int:
    """The token in whose part of [0, 1) the number ``chance`` falls."""
    return int(ids[min(int(np.searchsorted(np.cumsum(chances), chance, side="right")), len(ids) - 1)])


def _sorted(logits: NDArray[np.float32], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """``ids`` by logit, largest first, equal ones by id."""
    return ids[np.lexsort((ids, -logits[ids]))]


def _largest(logits: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Ids of at least the ``k`` largest values, and few more.

    The k-th largest of the blocks' maxima is no larger than the k-th largest value, and maxima are
    cheap: this looks at all values once, and partitions a 64th of them.
    """
    whole = len(logits) - len(logits) % _BLOCK
    maxima = logits[:whole].reshape(-1, _BLOCK).max(axis=1)
    if len(maxima) <= k:
        return np.arange(len(logits))
    threshold = np.partition(maxima, len(maxima) - k)[len(maxima) - k]
    return np.flatnonzero(logits >= threshold)
