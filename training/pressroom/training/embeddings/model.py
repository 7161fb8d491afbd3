"""Skip-gram with negative sampling, on one page.

A word's vector is to tell the words around it from words drawn by chance (Mikolov et al. 2013, "Distributed
Representations of Words and Phrases and their Compositionality", section 2.2, equation 4):

    loss = −ln σ(u_o · v_c) − Σ_k ln σ(−u_k · v_c)

v_c is the vector of the word in the middle, u_o of one beside it, u_k of words drawn by how often they come, to the power
of three quarters. The v are kept. Shapes: B pairs, K drawn words, V the vocabulary, D numbers a word.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SkipGram(nn.Module):
    """``middle`` holds v, ``beside`` u; both (V, D)."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.middle = nn.Embedding(vocabulary, width)
        self.beside = nn.Embedding(vocabulary, width)
        nn.init.uniform_(self.middle.weight, -0.5 / width, 0.5 / width)
        nn.init.zeros_(self.beside.weight)

    def forward(self, middle: Tensor, beside: Tensor, drawn: Tensor) -> Tensor:
        """The loss of each pair in nats: (B,), (B,), (B, K) → (B,)."""
        v = self.middle(middle)  # (B, D)
        found = (self.beside(beside) * v).sum(-1)  # (B,)
        chance = torch.einsum("bkd,bd->bk", self.beside(drawn), v)  # (B, K)
        return -F.logsigmoid(found) - F.logsigmoid(-chance).sum(-1)
