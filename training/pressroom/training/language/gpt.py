"""A language model that looks back, on one page: a small transformer in Llama's form.

    token ─> embedding (D) ─> L times: + attention(norm(x)), + feed(norm(x)) ─> norm ─> logits of the next token (V)

Vaswani et al. 2017, "Attention Is All You Need", section 3.2, as Radford et al. 2018 use it for the next token; norms before
(RMSNorm, Zhang and Sennrich 2019), positions by turning pairs of numbers (RoPE, Su et al. 2021, section 3.2), a gated feed
(SwiGLU, Shazeer 2020), embedding and head the same matrix (Press and Wolf 2017).

The weights are named as Llama's, so that the text engine can import the model. Shapes: B texts, T tokens, S of them and
those before, D numbers a token, H heads of width D / H, V the vocabulary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

THETA = 10_000.0
EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class GptConfig:
    """Sizes of the network."""

    vocabulary: int
    context: int = 128
    width: int = 256
    layers: int = 4
    heads: int = 4
    dropout: float = 0.1

    @property
    def feed(self) -> int:
        """Of the gated feed: two thirds of four times the width, so that it has as many weights as one without a gate."""
        return (8 * self.width // 3 + 31) // 32 * 32


Past = tuple[Tensor, Tensor]
"""Keys and values of the tokens before, of one layer: two of (B, H, S - T, D / H)."""


class Norm(nn.Module):
    """x / √mean(x²), times a learnt gain."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * self.weight


class Attention(nn.Module):
    """Each token takes from those before it, and from itself, what its query finds in their keys."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.heads = config.heads
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            self.add_module(name, nn.Linear(config.width, config.width, bias=False))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
        q, k, v = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, T, D / H)
            for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = turned(q, cos, sin), turned(k, cos, sin)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])  # (B, H, T, S)
        before = k.shape[2] - q.shape[2]
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=x.device).triu(1 + before)
        weights = scores.masked_fill(later, -torch.inf).softmax(-1)
        return self.o_proj((weights @ v).transpose(1, 2).flatten(2)), (k, v)  # (B, T, D)


class Feed(nn.Module):
    """down(SiLU(gate x) · up x)."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.width, config.feed, bias=False)
        self.up_proj = nn.Linear(config.width, config.feed, bias=False)
        self.down_proj = nn.Linear(config.feed, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        fed: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return fed


class Layer(nn.Module):
    """Attention, then the feed; each is added to what came in."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.input_layernorm = Norm(config.width)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = Norm(config.width)
        self.mlp = Feed(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
        taken, past = self.self_attn(self.input_layernorm(x), cos, sin, past)
        x = x + self.dropout(taken)
        return x + self.dropout(self.mlp(self.post_attention_layernorm(x))), past


class Gpt(nn.Module):
    """See the page's head."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocabulary, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = Norm(config.width)
        for name, weights in self.named_parameters():
            if weights.dim() == 2:
                # What is added layer upon layer must not grow with their number (Radford et al. 2019, section 2.3).
                added = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(weights, std=0.02 / (math.sqrt(2 * config.layers) if added else 1))

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the token behind each: (B, T) int64, T at most the context → (B, T, V)."""
        return self.read_on(tokens, [])[0]

    def read_on(self, tokens: Tensor, past: Sequence[Past]) -> tuple[Tensor, list[Past]]:
        """The same of a text whose beginning was read before, and what is to be given for the next piece of it; an empty
        ``past`` begins."""
        before = past[0][0].shape[2] if past else 0
        width = self.config.width // self.config.heads
        cos, sin = (part[before:] for part in angles(before + tokens.shape[1], width, tokens.device))
        x = self.dropout(self.embed_tokens(tokens))  # (B, T, D)
        read = []
        for number, layer in enumerate(self.layers):
            x, known = layer(x, cos, sin, past[number] if past else None)
            read.append(known)
        return F.linear(self.norm(x), self.embed_tokens.weight), read


def angles(count: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of how far each pair turns at each position: two of (T, width / 2)."""
    rates = THETA ** (-torch.arange(0, width, 2, device=device) / width)
    turned = torch.arange(count, device=device)[:, None] * rates
    return turned.cos(), turned.sin()


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Number i of a head and number i + width / 2 are a pair: (…, T, width) → the same."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)
