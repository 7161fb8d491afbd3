"""The best that counting does: an n-gram model after Kneser and Ney, which a language model has to beat.

A word that came often, but always behind the same one ("Francisco"), is unlikely behind another. So where a history is too
long to have been seen, it is not asked how often a word came but behind how many different ones:

    p(w | h) = max(c(h w) − D, 0) / c(h ·) + γ(h) p(w | h')        h' is h without its first word

In the longest histories c counts; in all others it is the number of different words before h w. D is one of three discounts,
for what was counted once, twice, or more often; γ(h) gives back what they took. Chen and Goodman 1999, "An empirical study
of smoothing techniques for language modeling", section 3 (modified Kneser-Ney, interpolated).

A run of n tokens is one number, so that whole orders are counted and looked up by sorting.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.integer]
_Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Order:
    """``grams``, sorted, with what is left of their counts; ``histories``, sorted, with totals and γ."""

    grams: _Codes
    left: NDArray[np.float64]
    histories: _Codes
    totals: NDArray[np.float64]
    back: NDArray[np.float64]


class KneserNey:
    """Learns from one stream of tokens below ``size``. Raises ValueError where runs of ``order`` do not fit in 63 bits, or
    the stream is shorter than one."""

    def __init__(self, stream: Tokens, order: int, size: int) -> None:
        if order < 1 or size < 2 or order * math.log2(size) >= 63:
            raise ValueError(f"runs of {order} out of {size} tokens do not fit in a number")
        if len(stream) < order:
            raise ValueError(f"a stream of {len(stream)} tokens has no run of {order}")
        self.order, self.size = order, size
        grams, counts = np.unique(_runs(stream, order, size), return_counts=True)
        orders = [_discounted(grams, counts, size)]
        for length in range(order - 1, 0, -1):
            # Each run of length + 1 that is there counts once: by what stands before.
            grams, counts = np.unique(grams % size**length, return_counts=True)
            orders.append(_discounted(grams, counts, size))
        self._orders = orders[::-1]  # the shortest first

    def chances(self, tokens: Tokens) -> NDArray[np.float64]:
        """Of each token given those before it: (N, T) → (N, T). Nothing is known of what was before a row."""
        rows = np.asarray(tokens, np.int64)
        chance = np.full(rows.shape, 1 / self.size)
        code = np.zeros(rows.shape, np.int64)
        for length, order in enumerate(self._orders, start=1):
            if length > rows.shape[1]:
                break
            # The runs that end at each place; those that would begin before the row are left as they were.
            back = length - 1
            code[:, back:] += rows[:, : rows.shape[1] - back] * self.size**back
            at = code[:, back:]
            total, gamma = _looked_up(order.histories, at // self.size, order.totals, order.back)
            left, _ = _looked_up(order.grams, at, order.left, order.left)
            seen = total > 0
            longer = (left + gamma * chance[:, back:])[seen] / total[seen]
            chance[:, back:][seen] = longer
        return chance

    def perplexity(self, rows: Tokens) -> float:
        """e to the mean cross-entropy, in nats, of all tokens of (N, T) but each row's first."""
        return math.exp(-float(np.log(self.chances(rows)[:, 1:]).mean()))


def _runs(stream: Tokens, order: int, size: int) -> _Codes:
    wide = np.asarray(stream, np.int64)
    count = len(wide) - order + 1
    runs: _Codes = np.zeros(count, np.int64)
    for at in range(order):
        runs = runs * size + wide[at : at + count]
    return runs


def _discounted(grams: _Codes, counts: NDArray[np.int64], size: int) -> _Order:
    discounts = _discounts(counts)
    kind = np.minimum(counts, 3)
    histories, first = np.unique(grams // size, return_index=True)
    return _Order(
        grams=grams,
        left=np.maximum(counts - discounts[kind], 0.0),
        histories=histories,
        totals=np.add.reduceat(counts, first).astype(np.float64),
        back=np.add.reduceat(discounts[kind], first),  # in counts: γ times the total
    )


def _discounts(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """For what was counted 1, 2 and 3 times or more, at 1, 2 and 3: equation 17. Where there is too little to estimate them
    from, half a count."""
    one, two, three, four = (float((counts == times).sum()) for times in (1, 2, 3, 4))
    if not one or not two or not three:
        return np.array([0.0, 0.5, 0.5, 0.5])
    ratio = one / (one + 2 * two)
    found = [1 - 2 * ratio * two / one, 2 - 3 * ratio * three / two, 3 - 4 * ratio * four / three]
    return np.array([0.0, *(min(max(each, 0.0), float(times)) for times, each in enumerate(found, start=1))])


def _looked_up(
    known: _Codes, wanted: _Codes, *values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values of those that are known; 0 for the others."""
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    there = known[at] == wanted
    first, second = (np.where(there, each[at], 0.0) for each in values)
    return first, second
