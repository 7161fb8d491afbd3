"""A language model as a task of the loop: cross-entropy of the next token, and perplexity on what was held out."""

import math
from collections.abc import Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pressroom.training.language.tokens import Corpus
from pressroom.training.loop.muon import Muon
from pressroom.training.loop.task import Now, OneLoss

_AT_ONCE = 32

OTHERS = 0.1
"""Share of Muon's learning rate that Adam has for embedding, head and gains."""


class LanguageTask(OneLoss):
    """``network``: tokens (B, T) → logits (B, T, V)."""

    # As Radford et al. 2018 and most after them.
    most_gradient = 1.0

    def __init__(
        self,
        network: nn.Module,
        corpus: Corpus,
        *,
        optimiser: Literal["adam", "muon"] = "adam",
        precision: Literal["fp32", "bf16"] = "fp32",
    ) -> None:
        super().__init__(network, _optimiser(network, optimiser))
        self._halved = precision == "bf16"
        self._train = torch.from_numpy(corpus.train).long()
        self._held_out = torch.from_numpy(corpus.held_out).long()
        self._tokens_a_word = corpus.scored / max(1, corpus.words)

    @property
    def rows(self) -> int:
        return len(self._train)

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=self._halved):
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
    logits = network(rows[:, :-1]).float()  # (B, T, V)
    return F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none").view(len(rows), -1)


def _optimiser(network: nn.Module, kind: Literal["adam", "muon"]) -> torch.optim.Optimizer:
    if kind == "adam":
        return adam(network)
    # A row of these is of one token, and moves when that token is seen: what Muon does to a matrix as a whole is not for them.
    ends = {name for name, _ in network.named_parameters() if name.startswith(("embed", "head"))}
    hidden = [each for name, each in network.named_parameters() if each.dim() > 1 and name not in ends]
    others = [each for name, each in network.named_parameters() if each.dim() < 2 or name in ends]
    return Muon(hidden, [(each, OTHERS) for each in others], rounds=5)


def adam(network: nn.Module) -> torch.optim.Optimizer:
    """Adam whose matrices fade, so that none grows without need (Loshchilov and Hutter 2019)."""
    matrices = [each for each in network.parameters() if each.dim() > 1]
    others = [each for each in network.parameters() if each.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.95))
