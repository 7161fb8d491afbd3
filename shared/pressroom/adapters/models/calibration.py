"""How far the inputs of a decoder's matrices reach, channel by channel, on a text that was not written for it.

One forward pass in float32 with numpy alone, a layer at a time, so that no more than a layer's weights are held
dense. Names are those of the weights that make an input: a norm's for what it puts out, and ``ffn_down`` for the
product of gate and up.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.gguf_weights import Weights
from pressroom.adapters.models.rotary import rotary_angles

Values = NDArray[np.float32]

# Letters, numbers, code, other scripts: whatever stirs channels that plain prose leaves alone.
TEXT = """The kettle stands on the stove by the window. It is made of steel, holds 1.7 litres and weighs 940 grams; \
the handle is cork, so that it stays cool. Anna bought it in 1998 for £24.50 and has mended it twice. "Why throw \
away what can be mended?" she asks.

Dear customer, thank you for your order no. 48213-B. We have sent it today, and it should be with you by Thursday \
at the latest. If anything is missing, call 0049 30 555 0142 or write to help@example.com - we answer within a day.

# Care
- wash by hand, at most 30 degrees
- dry flat; do NOT iron
- keep away from children under 3 years

{"sku": "LAMP-07", "name": "Reading lamp", "colours": ["oak", "black"], "price": 129.0, "in_stock": true}

def total(rows):
    return sum(row["price"] * row["count"] for row in rows if row["count"] > 0)

The council met on Monday evening. Nine of its eleven members were there, and after two hours they voted, seven to \
two, to keep the library open on Saturdays. The mayor, who had spoken against it in March, said that she had been \
wrong. Nobody laughed. Outside it had begun to snow, and the last bus had left.

Ein Stuhl aus Eiche, geölt, 46 cm breit. Une lampe de bureau en laiton, fabriquée à Lyon. Una manta de lana muy \
suave, hecha a mano. 手工制作的陶瓷咖啡杯，容量三百毫升。 Деревянная полка для книг, сосна, две секции.

Question: Which of the three blankets is the warmest? Answer: The grey one. It has 600 grams of wool to the square \
metre, the blue one 450, and the white one is cotton."""

MOST_TOKENS = 512


def reach(model: Weights, tokens: Sequence[int]) -> dict[str, Values]:
    """The largest magnitude (K,) that each channel of an input has over ``tokens`` (S,), of which the first
    ``MOST_TOKENS`` are looked at."""
    size = model.geometry
    found: dict[str, Values] = {}

    def seen(name: str, x: Values) -> Values:
        found[name] = np.abs(x).max(axis=0)
        return x

    def product(x: Values, name: str) -> Values:
        y = x @ model.dense(f"{name}.weight").T
        return y + model.dense(f"{name}.bias") if model.has(f"{name}.bias") else y

    def norm(x: Values, name: str) -> Values:
        root = np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(size.epsilon))
        return seen(name, x / root * model.dense(name))

    x = model.dense("token_embd.weight")[list(tokens[: min(MOST_TOKENS, size.context)])]  # (S, D)
    rotation = np.exp(1j * rotary_angles(model, len(x))).astype(np.complex64)[:, None]  # (S, 1, hd/2)
    for layer in range(size.layers):
        name = f"blk.{layer}"
        normed = norm(x, f"{name}.attn_norm.weight")
        q, k, v = (product(normed, f"{name}.attn_{part}") for part in "qkv")
        x = x + product(_attention(model, q, k, v, rotation), f"{name}.attn_output")
        normed = norm(x, f"{name}.ffn_norm.weight")
        gate, up = product(normed, f"{name}.ffn_gate"), product(normed, f"{name}.ffn_up")
        hidden = seen(f"{name}.ffn_down.weight", gate / (1 + np.exp(-gate)) * up)
        x = x + product(hidden, f"{name}.ffn_down")
    norm(x, "output_norm.weight")
    return found


def _attention(model: Weights, q: Values, k: Values, v: Values, rotation: NDArray[np.complex64]) -> Values:
    """q (S, H*hd), k and v (S, KV*hd) to (S, H*hd)."""
    size, length = model.geometry, len(q)

    def turned(x: Values, heads: int) -> Values:
        parts = x.reshape(length, heads, size.head_size)
        axis = (2, size.head_size // 2) if size.rotary_halves else (size.head_size // 2, 2)
        pairs = parts.reshape(length, heads, *axis)
        real, imaginary = (
            (pairs[:, :, 0], pairs[:, :, 1]) if size.rotary_halves else (pairs[..., 0], pairs[..., 1])
        )
        moved = (real + 1j * imaginary) * rotation
        return np.concatenate([moved.real, moved.imag], axis=-1)  # (S, heads, hd), halves

    group = size.heads // size.kv_heads
    queries, keys = turned(q, size.heads), np.repeat(turned(k, size.kv_heads), group, axis=1)
    values = np.repeat(v.reshape(length, size.kv_heads, size.head_size), group, axis=1)
    scores = np.einsum("shd,thd->hst", queries, keys) * np.float32(size.head_size**-0.5)
    scores[:, np.triu(np.ones((length, length), bool), 1)] = -np.inf
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    out: Values = np.einsum("hst,thd->shd", weights, values).reshape(length, -1).astype(np.float32)
    return out
