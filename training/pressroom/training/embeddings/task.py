"""Pairs of words for skip-gram: each place of the corpus with one of its neighbours, and words drawn by chance.

The nearer a neighbour the likelier it is taken: the window's size is drawn, from one to the widest. Common words are left
out at random, by how common they are (Mikolov et al. 2013, section 2.3, equation 5). Pairs do not reach over a
sentence's end.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from pressroom.training.embeddings.model import SkipGram
from pressroom.training.loop.task import Now, OneLoss

HELD_OUT = 50
_AT_ONCE = 50_000


class SkipGramTask(OneLoss):
    """``sentences``: numbers of words; every fiftieth sentence is held out. ``drawn``: words by chance a pair; ``kept``:
    of all words, so large a share may one have before it is left out at times."""

    def __init__(
        self,
        sentences: Sequence[Sequence[int]],
        vocabulary: int,
        width: int,
        *,
        window: int = 5,
        drawn: int = 5,
        kept: float = 1e-4,
    ) -> None:
        self.model = SkipGram(vocabulary, width)
        super().__init__(self.model, torch.optim.Adam(self.model.parameters()))
        self._words = torch.from_numpy(np.concatenate([np.asarray(each, np.int64) for each in sentences]))
        self._sentence = torch.repeat_interleave(torch.tensor([len(each) for each in sentences]))
        self._window, self._drawn = window, drawn
        held_out = self._sentence % HELD_OUT == 0
        self._train, self._held_out = (torch.nonzero(each).flatten() for each in (~held_out, held_out))
        counts = torch.bincount(self._words[self._train], minlength=vocabulary).double()
        share = (counts / counts.sum()).clamp(min=1e-12)
        self._keep = (kept / share).sqrt().clamp(max=1.0).float()  # (V,)
        self._chances = (counts**0.75).cumsum(0) / (counts**0.75).sum()  # (V,), up to 1

    @property
    def rows(self) -> int:
        return len(self._train)

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        return {"loss": self._cost(self._train[rows]).mean()}

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        """Nats a pair on the sentences that were held out."""
        found = torch.cat([self._cost(part) for part in self._held_out.split(_AT_ONCE)])
        nats = float(found.mean())
        return {"score": nats, "loss": nats}

    def _cost(self, places: Tensor) -> Tensor:
        """(B,) places → (P,), the loss of the pairs that they make; zero where none is left."""
        reach = torch.randint(1, self._window + 1, places.shape)
        step = 1 + (torch.rand(places.shape) * reach).long()  # 1 to reach
        other = places + torch.where(torch.rand(places.shape) < 0.5, step, -step)
        inside = (other >= 0) & (other < len(self._words))
        other = other.clamp(0, len(self._words) - 1)
        middle, beside = self._words[places], self._words[other]
        together = inside & (self._sentence[places] == self._sentence[other])
        kept = together & (torch.rand(places.shape) < self._keep[middle] * self._keep[beside])
        middle, beside = middle[kept], beside[kept]
        if not len(middle):
            return (self.model.middle.weight[:1] * 0).sum(-1)
        dice = torch.rand(len(middle), self._drawn, dtype=torch.float64)
        drawn = torch.searchsorted(self._chances, dice).clamp(max=len(self._chances) - 1)  # (P, K)
        cost: Tensor = self.model(middle, beside, drawn)
        return cost
