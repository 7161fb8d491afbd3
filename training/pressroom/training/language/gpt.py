"""A language model that looks back, on one page: a small transformer in Llama's form.

    token ─> embedding (D) ─> L times: + attention(norm(x)), + feed(norm(x)) ─> norm ─> logits of the next token (V)

Vaswani et al. 2017, "Attention Is All You Need", section 3.2, as Radford et al. 2018 use it for the next token; norms before
(RMSNorm, Zhang and Sennrich 2019), positions by turning pairs of numbers (RoPE, Su et al. 2021, section 3.2), a gated feed
(SwiGLU, Shazeer 2020), embedding and head the same matrix (Press and Wolf 2017).

The weights are named as Llama's, so that the text engine can import the model. Shapes: B texts, T tokens, D numbers a
token, H heads of width D / H, V the vocabulary, P places of a text that is written.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

THETA = 10_000.0
EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text is that is written token by token. What was read lies in a store of a fixed size, whose places to come
    count for nothing: ``row`` (P,) is 1 at this place and 0 elsewhere, ``cos`` and ``sin`` (D / H / 2,) are its angles."""

    row: Tensor
    cos: Tensor
    sin: Tensor

    @property
    def later(self) -> Tensor:
        """Whether a place is behind this one: (P,)."""
        return self.row.cumsum(0) - self.row > 0


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

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        q, k, v = self._heads(x, cos, sin)
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        return self._taken(q, k, v, later)

    def read_one(
        self, x: Tensor, place: Place, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same for one more token (B, 1, D), with the store (B, H, P, D / H) of those before, twice; also what the
        store is then."""
        q, k, v = self._heads(x, place.cos[None], place.sin[None])
        here = place.row[:, None] > 0  # (P, 1)
        keys, values = torch.where(here, k, keys), torch.where(here, v, values)
        return self._taken(q, keys, values, place.later), keys, values

    def _heads(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, T, D / H)
            for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        return turned(q, cos, sin), turned(k, cos, sin), v

    def _taken(self, q: Tensor, k: Tensor, v: Tensor, later: Tensor) -> Tensor:
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])  # (B, H, T, T or P)
        weights = scores.masked_fill(later, -torch.inf).softmax(-1)
        taken: Tensor = self.o_proj((weights @ v).transpose(1, 2).flatten(2))  # (B, T, D)
        return taken


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

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.dropout(self.self_attn(self.input_layernorm(x), cos, sin))
        return x + self.dropout(self.mlp(self.post_attention_layernorm(x)))

    def read_one(
        self, x: Tensor, place: Place, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See ``Attention.read_one``."""
        taken, keys, values = self.self_attn.read_one(self.input_layernorm(x), place, keys, values)
        x = x + taken
        return x + self.mlp(self.post_attention_layernorm(x)), keys, values


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
        cos, sin = angles(tokens.shape[1], self.config.width // self.config.heads, tokens.device)
        x = self.dropout(self.embed_tokens(tokens))  # (B, T, D)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return F.linear(self.norm(x), self.embed_tokens.weight)

    def read_one(
        self, tokens: Tensor, place: Place, keys: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits behind one more token of each text: (B,), and the stores (L, B, H, P, D / H) of all layers, before and
        then → (B, V) and stores. Nothing is dropped out."""
        x = self.embed_tokens(tokens)[:, None]  # (B, 1, D)
        stored = []
        for layer, *store in zip(self.layers, keys, values, strict=True):
            assert isinstance(layer, Layer)
            x, *store = layer.read_one(x, place, *store)
            stored.append(store)
        kept_keys, kept_values = (torch.stack(part) for part in zip(*stored, strict=True))
        return F.linear(self.norm(x[:, 0]), self.embed_tokens.weight), kept_keys, kept_values


def angles(count: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of how far each pair turns at each position: two of (T, width / 2)."""
    rates = THETA ** (-torch.arange(0, width, 2, device=device) / width)
    turned = torch.arange(count, device=device)[:, None] * rates
    return turned.cos(), turned.sin()


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Number i of a head and number i + width / 2 are a pair: (…, T, width) → the same."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)
