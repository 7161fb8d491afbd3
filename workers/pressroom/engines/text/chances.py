"""The log-probabilities that a client asked for, of the token that was drawn and of the likeliest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pressroom.domain.chances import TokenChance
from pressroom.engines.text.detokenizer import TokenBytes


@dataclass(frozen=True, slots=True)
class Drawn:
    """``ids``: the token that was drawn, then the likeliest, the likeliest first; their ``logprobs``."""

    ids: list[int]
    logprobs: list[float]

    def spelled(self, spelling: TokenBytes) -> TokenChance:
        drawn, *top = (
            TokenChance(token, spelling[token], chance)
            for token, chance in zip(self.ids, self.logprobs, strict=True)
        )
        return TokenChance(drawn.id, drawn.spelling, drawn.logprob, tuple(top))


def logprobs(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """(V,) to (V,): log softmax, in float64."""
    wide = logits.astype(np.float64)
    wide -= wide.max()
    wide -= np.log(np.exp(wide).sum())
    return wide


def drawn(chances: NDArray[np.float64], token: int, top: int) -> Drawn:
    """Of ``chances`` (V,): those of ``token``, and of the ``top`` likeliest; equal ones by their number."""
    ids: list[int] = []
    if top:
        least = np.partition(chances, len(chances) - min(top, len(chances)))[-min(top, len(chances))]
        candidates = np.flatnonzero(chances >= least)
        ids = candidates[np.lexsort((candidates, -chances[candidates]))][:top].tolist()
    ids.insert(0, token)
    return Drawn(ids, [float(chance) for chance in chances[ids]])
