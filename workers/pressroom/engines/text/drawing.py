"""Which token is drawn from a row of logits: what is asked for, and who can do it.

``drawing_plain`` does it in numpy, ``drawing_kernels`` with our own kernels; both as described here.

The logits are adjusted (see ``adjusting``), and what is not allowed is taken out. Then, of the ``top_k`` likeliest, the smallest set whose mass reaches ``top_p`` (Holtzman et al. 2020, section 3.1)
is kept, and of these all that are ``min_p`` times as likely as the likeliest (Nguyen et al. 2024, section 3);
equal ones come by id. Those kept share [0, 1) between them, by id, each as far as it is likely, and the one
where the draw's number lies is the token. That number is a function of (seed, output, position) alone: Philox
is a counter-based generator (Salmon et al. 2011), so a second attempt repeats the first whatever else runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pressroom.engines.text.adjusting import Adjustment


@dataclass(frozen=True, slots=True)
class Way:
    """How all tokens of one output are drawn. ``temperature`` 0 is the likeliest; ``top_k`` 0, ``top_p`` 1 and
    ``min_p`` 0 keep all. ``seed`` and ``output`` key its randomness."""

    temperature: float
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    seed: int = 0
    output: int = 0


class Draw(NamedTuple):
    """One token to be drawn from ``logits`` (V,), contiguous, which are changed in place; ``position`` counts an output's
    draws from 0. ``allowed``: a bit for each token, the first the lowest; None: all. ``told``: of how many of the
    likeliest, besides the token, it is to be said how likely the model held them; None: not even of that."""

    way: Way
    position: int
    logits: NDArray[np.float32]
    adjustment: Adjustment = Adjustment()
    allowed: NDArray[np.uint32] | None = None
    told: int | None = None


class Drawn(NamedTuple):
    """A token. Where it was asked for, ``likeliest``: tokens, the likeliest first, equal ones by id; and ``logprobs``:
    the natural logarithms of how likely the token and they were, before anything was done to the logits."""

    token: int
    likeliest: Sequence[int] = ()
    logprobs: Sequence[float] = ()


class Drawer(Protocol):
    """Draws for one engine, in its thread."""

    def draw(self, draws: Sequence[Draw]) -> list[Drawn | None]:
        """A token for each; None where a logit is not a number, or none that is left is finite."""

    def close(self) -> None:
        """It draws no more."""


def bits(tokens: Iterable[int], vocab: int) -> NDArray[np.uint32]:
    """``allowed`` of a draw."""
    chosen = np.zeros((vocab + 31) // 32 * 32, np.uint8)
    chosen[list(tokens)] = 1
    return np.packbits(chosen, bitorder="little").view("<u4").astype(np.uint32)
