"""Logits to the next token, one row at a time, repeatable.

The order is: what ``adjusting`` does, what ``guiding`` leaves, temperature, top-k, top-p, min-p, draw. The
draw's randomness is a function of (seed, output, position) alone: Philox is a counter-based generator
(Salmon et al. 2011), so a second attempt repeats the first whatever else runs beside it.
"""

from collections.abc import Set

import numpy as np
from numpy.typing import NDArray

from pressroom.contract.params import TextParams
from pressroom.engines.text.adjusting import Adjuster
from pressroom.engines.text.chances import Drawn, drawn, logprobs
from pressroom.engines.text.guiding import Guide
from pressroom.engines.text.healing import Healing

_BLOCK = 64


class Sampler:
    """Chooses the tokens of one output. ``seed`` and ``output`` key its randomness; ``ends`` are the
    model's own ends of a text. ``drawn``: what is to be told of each choice, where the request asks for it."""

    def __init__(
        self,
        params: TextParams,
        vocab: int,
        prompt: list[int],
        output: int,
        ends: Set[int] = frozenset(),
        guide: Guide | None = None,
        healing: Healing | None = None,
    ) -> None:
        self._params = params
        self._key = np.array([params.seed or 0, output], np.uint64)
        self._position = 0
        self._adjuster = Adjuster(params, vocab, prompt, ends)
        self._guide = guide
        self._healing = healing
        self.drawn: list[Drawn] = []

    @property
    def complete(self) -> bool:
        """The guide is at its end."""
        return self._guide is not None and self._guide.complete

    def choose(self, logits: NDArray[np.float32]) -> int:
        """The next token from logits (V,), which are changed in place. NaN raises ``ValueError``, and a guide
        that cannot go on ``GuideRefused``. Where the prompt is healed, the first is its last token, drawn anew."""
        position, self._position = self._position, self._position + 1
        # Before anything is taken out: an argmax finds a NaN if there is one.
        if not np.isfinite(logits[int(logits.argmax())]):
            raise ValueError("the model's output is not a number")
        params = self._params
        if self._healing is not None:
            self._healing.restrict(logits)
            self._healing = None
            return self._draw(logits, position)
        told = None if params.logprobs is None else logprobs(logits)
        self._adjuster.adjust(logits)
        if self._guide is not None:
            self._guide.restrict(logits)
        token = self._draw(logits, position)
        self._adjuster.said(token)
        if self._guide is not None:
            self._guide.said(token)
        if told is not None and params.logprobs is not None:
            self.drawn.append(drawn(told, token, params.logprobs))
        return token

    def _draw(self, logits: NDArray[np.float32], position: int) -> int:
        params = self._params
        if params.temperature <= 0:
            return int(logits.argmax())
        ids, chances = shortlist(logits, params.temperature, params.top_k, params.top_p, params.min_p)
        return draw(ids, chances, uniform(self._key, position))


def shortlist(
    logits: NDArray[np.float32], temperature: float, top_k: int, top_p: float, min_p: float = 0.0
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Tokens that may be drawn, and their chances (sum 1, float64).

    Of the ``top_k`` likeliest (0: all), the smallest set whose mass reaches ``top_p`` (Holtzman et al.
    2020, section 3.1), and of these all that are ``min_p`` times as likely as the likeliest (Nguyen et al.
    2024, section 3). Likeliest first (ties by id); by id where no set was cut by ``top_k`` or ``top_p``.
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
            return _likely(np.arange(len(logits)), everything, min_p)
        # Tokens below this chance hold, all together, less than what the nucleus leaves out.
        ids = _sorted(logits, np.flatnonzero(everything >= (1 - top_p) / len(logits)))
        chances = everything[ids]
    if top_p < 1:
        keep = int(np.searchsorted(np.cumsum(chances), top_p)) + 1
        ids, chances = ids[:keep], chances[:keep] / chances[:keep].sum()
    return _likely(ids, chances, min_p)


def _likely(
    ids: NDArray[np.int64], chances: NDArray[np.float64], min_p: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if min_p <= 0:
        return ids, chances
    kept = chances >= min_p * chances.max()
    return ids[kept], chances[kept] / chances[kept].sum()


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
