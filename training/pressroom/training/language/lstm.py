"""A language model that remembers, on one page: embedding, LSTM, head.

    token ─> embedding (E) ─> LSTM, layer upon layer ─> (H) ─> dropout ─> head ─> logits of the next token (V)

Hochreiter and Schmidhuber 1997, "Long Short-Term Memory", with the forget gate of Gers et al. 2000; torch's order of gates:

    i, f, o = σ(W x + U h + b)    g = tanh(W x + U h + b)    c ← f c + i g    h = o tanh(c)

The weights are named as the text engine's import wants them. Shapes: B texts, T tokens, V the vocabulary.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class LstmConfig:
    """Sizes of the network."""

    vocabulary: int
    embedding: int = 256
    width: int = 512
    layers: int = 1
    dropout: float = 0.2


class Lstm(nn.Module):
    """See the page's head."""

    def __init__(self, config: LstmConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.embedding)
        between = config.dropout if config.layers > 1 else 0.0
        self.lstm = nn.LSTM(config.embedding, config.width, config.layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.width, config.vocabulary)
        nn.init.normal_(self.embedding.weight, std=0.1)
        with torch.no_grad():
            # What is remembered stays at first (Jozefowicz et al. 2015, section 2.2): the forget gate begins open.
            for layer in range(config.layers):
                getattr(self.lstm, f"bias_ih_l{layer}")[config.width : 2 * config.width] = 1.0

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the token behind each: (B, T) int64 → (B, T, V)."""
        x = self.dropout(self.embedding(tokens))  # (B, T, E)
        h, _ = self.lstm(x)  # (B, T, H)
        logits: Tensor = self.head(self.dropout(h))
        return logits
