"""Draws row by row in numpy and float64: where no kernels run, and what they are held against."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pressroom.engines.text.adjusting import Adjustment
from pressroom.engines.text.drawing import Draw, Drawn, Way

_BLOCK = 64


class PlainDrawer:
    """Implements ``Drawer``."""

    def draw(self, draws: Sequence[Draw]) -> list[Drawn | None]:
        return [_draw(each) for each in draws]

    def close(self) -> None:
        pass


def _draw(draw: Draw) -> Drawn | None:
    logits, top = draw.logits, draw.told
    # Before anything is taken out: what is left might be numbers. An argmax finds a NaN if there is one.
    if not np.isfinite(logits[int(logits.argmax())]):
        return None
    chances = None if top is None else logprobs(logits)
    adjust(logits, draw.adjustment)
    if draw.allowed is not None:
        allowed = np.unpackbits(draw.allowed.astype("<u4").view(np.uint8), bitorder="little")
        logits[allowed[: len(logits)] == 0] = -np.inf
    token = _token(draw)
    if token is None or chances is None or top is None:
        return None if token is None else Drawn(token)
    likeliest = _sorted(chances, _largest(chances, top))[:top] if top else np.empty(0, np.int64)
    return Drawn(token, likeliest.tolist(), chances[[token, *likeliest]].tolist())


def logprobs(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """(V,) to (V,): log softmax."""
    wide = logits.astype(np.float64)
    wide -= wide.max()
    wide -= np.log(np.exp(wide).sum())
    return wide


def adjust(logits: NDArray[np.float32], by: Adjustment) -> None:
    """In place."""
    logits[by.bias_ids] += by.bias
    seen, penalty = logits[by.seen_ids], np.float32(by.repetition)
    logits[by.seen_ids] = np.where(seen > 0, seen / penalty, seen * penalty)
    logits[by.said_ids] -= by.presence + by.times * np.float32(by.frequency)
    logits[by.barred_ids] = -np.inf


def _token(draw: Draw) -> int | None:
    way, logits = draw.way, draw.logits
    likeliest = int(logits.argmax())
    if not np.isfinite(logits[likeliest]):
        return None
    if way.temperature <= 0:
        return likeliest
    ids, chances = shortlist(logits, way)
    number = uniform(way.seed, way.output, draw.position)
    return int(ids[min(int(np.searchsorted(np.cumsum(chances), number, side="right")), len(ids) - 1)])


def shortlist(logits: NDArray[np.float32], way: Way) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Tokens that may be drawn, by id, and their chances (sum 1)."""
    top = float(logits.max())

    def weights(values: NDArray[np.float32]) -> NDArray[np.float64]:
        chances: NDArray[np.float64] = np.exp((values.astype(np.float64) - top) / way.temperature)
        return chances

    if 0 < way.top_k < len(logits):
        ids = _sorted(logits, _largest(logits, way.top_k))[: way.top_k]
        chances = weights(logits[ids])
        chances /= chances.sum()
    else:
        everything = weights(logits)
        everything /= everything.sum()
        if way.top_p >= 1:
            return _likely(np.arange(len(logits)), everything, way.min_p)
        # Tokens below this chance hold, all together, less than what the nucleus leaves out.
        ids = _sorted(logits, np.flatnonzero(everything >= (1 - way.top_p) / len(logits)))
        chances = everything[ids]
    if way.top_p < 1:
        ids = ids[: int(np.searchsorted(np.cumsum(chances), way.top_p)) + 1]
    ids = np.sort(ids)
    return _likely(ids, weights(logits[ids]), way.min_p)


def _likely(
    ids: NDArray[np.int64], weights: NDArray[np.float64], min_p: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    kept = weights >= min_p * weights.max()
    return ids[kept], weights[kept] / weights[kept].sum()


def uniform(seed: int, output: int, position: int) -> float:
    """The number in [0, 1) that belongs to this key and position."""
    key = np.array([seed, output], np.uint64)
    return float(np.random.Generator(np.random.Philox(key=key, counter=position)).random())


def _sorted(logits: NDArray[np.floating[Any]], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """``ids`` by logit, largest first, equal ones by id."""
    return ids[np.lexsort((ids, -logits[ids]))]


def _largest(logits: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
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
