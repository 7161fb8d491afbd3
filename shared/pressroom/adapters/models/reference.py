"""A decoder in float32 with numpy alone: what a built graph is held against, and what looks into its layers.

It is written from the papers, not from the graph, and takes a layer at a time, so that no more than a layer's weights
are held dense. Vaswani et al. 2017 for attention, Su et al. 2021 (RoFormer), Zhang and Sennrich 2019 (RMS norm),
Shazeer 2020 (gated feed-forward), Henry et al. 2020 (norms of queries and keys).
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.geometry import Activation, Geometry, LayerShape
from pressroom.adapters.models.rotary import cos_and_sin
from pressroom.adapters.models.weights import EMBEDDING, LAST_NORM, Weights, head_of

Values = NDArray[np.float32]
Seen = Callable[[str, Values], None]


def reference_logits(model: Weights, tokens: Sequence[int]) -> Values:
    """(S, V): what follows each of ``tokens`` (S,)."""
    last = last_states(model, tokens)
    return last @ model.dense(head_of(model)).T


def last_states(model: Weights, tokens: Sequence[int], seen: Seen = lambda name, x: None) -> Values:
    """(S, D), normalised for the head. ``seen`` is told the inputs of all matrices (S, K), by the name of the weights
    that made them: a norm's for what it puts out, and ``ffn_down`` for the product of gate and up."""
    size = model.geometry

    def norm(x: Values, name: str) -> Values:
        normed = _norm(x, model.dense(name), size.epsilon)
        seen(name, normed)
        return normed

    def branch(x: Values, name: str) -> Values:
        return _norm(x, model.dense(name), size.epsilon) if model.has(name) else x

    x = model.dense(EMBEDDING)[list(tokens)] * np.float32(size.embed_scale)  # (S, D)
    for layer, shape in enumerate(size.of_layer):
        name = f"blk.{layer}"
        attended = _attention(model, norm(x, f"{name}.attn_norm.weight"), name, shape)
        x = x + branch(attended, f"{name}.post_attention_norm.weight")
        normed = norm(x, f"{name}.ffn_norm.weight")
        gate, up = _product(model, normed, f"{name}.ffn_gate"), _product(model, normed, f"{name}.ffn_up")
        hidden = _activated(gate, size.activation) * up
        seen(f"{name}.ffn_down.weight", hidden)
        x = x + branch(_product(model, hidden, f"{name}.ffn_down"), f"{name}.post_ffw_norm.weight")
    return norm(x, LAST_NORM)


def _product(model: Weights, x: Values, name: str) -> Values:
    y: Values = x @ model.dense(f"{name}.weight").T
    return y + model.dense(f"{name}.bias") if model.has(f"{name}.bias") else y


def _norm(x: Values, gain: Values, epsilon: float) -> Values:
    root = np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(epsilon))
    normed: Values = x / root * gain
    return normed


def _activated(x: Values, activation: Activation) -> Values:
    if activation is Activation.GELU:  # Hendrycks and Gimpel 2016, the approximation by tanh
        inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x**3)
        return np.asarray(x / 2 * (1 + np.tanh(inner)), np.float32)
    return np.asarray(x / (1 + np.exp(-x)), np.float32)


def _attention(model: Weights, x: Values, name: str, shape: LayerShape) -> Values:
    """(S, D) to (S, D)."""
    size, length = model.geometry, len(x)

    def heads(part: str, count: int) -> Values:
        return _product(model, x, f"{name}.attn_{part}").reshape(length, count, size.head_size)

    def turned(part: str, count: int) -> Values:
        rows = heads(part, count)
        if model.has(weight := f"{name}.attn_{part}_norm.weight"):
            rows = _norm(rows, model.dense(weight), size.epsilon)
        return _turned(rows, size, shape)

    group = size.heads // size.kv_heads
    queries, keys = turned("q", size.heads), np.repeat(turned("k", size.kv_heads), group, axis=1)
    values = np.repeat(heads("v", size.kv_heads), group, axis=1)
    scores = np.einsum("shd,thd->hst", queries, keys, optimize=True) * np.float32(size.score_scale)
    behind = np.subtract.outer(np.arange(length), np.arange(length))  # how far a key lies behind a query
    scores[:, (behind < 0) | (behind >= (shape.window or length))] = -np.inf
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    mixed = np.einsum("hst,thd->shd", weights, values, optimize=True).reshape(length, -1).astype(np.float32)
    return _product(model, mixed, f"{name}.attn_output")


def _turned(x: Values, size: Geometry, shape: LayerShape) -> Values:
    """(S, heads, hd), at positions 0..; the head's rows are left in the order that puts its pairs half a head apart."""
    rope = None if shape.rope is None else size.ropes[shape.rope]
    cos, sin = (each.astype(np.float32)[:, None] for each in cos_and_sin(rope, size.head_size, len(x)))
    first, second = np.split(x[..., size.head_order()], 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
