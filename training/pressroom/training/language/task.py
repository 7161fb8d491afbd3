"""A language model as a task of the loop: cross-entropy of the next token, and perplexity on what was held out."""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pressroom.training.language.tokens import Corpus
from pressroom.training.loop.task import Now, OneLoss

_AT_ONCE = 32


class LanguageTask(OneLoss):
    """``network``: tokens (B, T) → logits (B, T, V)."""

    # As Radford et al. 2018 and most after them.
    most_gradient = 1.0

    def __init__(self, network: nn.Module, corpus: Corpus, *, weight_decay: float = 0.1) -> None:
        decayed = [weights for weights in network.parameters() if weights.dim() > 1]
        others = [weights for weights in network.parameters() if weights.dim() <= 1]
        groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
        super().__init__(network, torch.optim.AdamW(groups, betas=(0.9, 0.95)))
        self._train = torch.from_numpy(corpus.train).long()
        self._held_out = torch.from_numpy(corpus.held_out).long()
        self._tokens_a_word = corpus.scored / max(1, corpus.words)

    @property
    def rows(self) -> int:
        return len(self._train)

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        return {"loss": cross_entropy(self.network, self._train[rows]).mean()}

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        """Nats a token on what was held out; perplexity by token, and by word, which does not depend on the pieces."""
        self.network.eval()
        total = sum(float(cross_entropy(self.network, part).sum()) for part in self._held_out.split(_AT_ONCE))
        nats = total / self._held_out[:, 1:].numel()
        return {
            "score": nats,
            "loss": nats,
            "perplexity": math.exp(nats),
            "word_perplexity": math.exp(min(700.0, nats * self._tokens_a_word)),
        }


def cross_entropy(network: nn.Module, rows: Tensor) -> Tensor:
    """−ln P of each token given those before it in its row, in nats: (B, T + 1) → (B, T)."""
    logits = network(rows[:, :-1])  # (B, T, V)
    return F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none").view(len(rows), -1)
