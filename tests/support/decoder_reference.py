"""A llama-like decoder in plain numpy, written from the papers and not from the graph under test."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from tests.support import tiny_gguf as tiny

Floats = NDArray[np.float64]


def reference_logits(weights: Mapping[str, NDArray[np.float32]], tokens: list[int], *, pairs: bool) -> Floats:
    """(S, V). ``pairs``: rotary rows lie in neighbouring pairs, as llama's GGUF has them; else in halves."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    x = w["token_embd.weight"][tokens]  # (S, D)
    for layer in range(tiny.LAYERS):

        def project(name: str, value: Floats, layer: int = layer) -> Floats:
            out = value @ w[f"blk.{layer}.{name}.weight"].T
            bias = w.get(f"blk.{layer}.{name}.bias")
            return out if bias is None else out + bias

        normed = _norm(x, w[f"blk.{layer}.attn_norm.weight"])
        q = _rotate(_heads(project("attn_q", normed), tiny.HEADS), pairs)
        k = _rotate(_heads(project("attn_k", normed), tiny.KV_HEADS), pairs)
        v = _heads(project("attn_v", normed), tiny.KV_HEADS)
        x = x + project("attn_output", _attend(q, k, v))
        normed = _norm(x, w[f"blk.{layer}.ffn_norm.weight"])
        gate = project("ffn_gate", normed)
        x = x + project("ffn_down", gate / (1 + np.exp(-gate)) * project("ffn_up", normed))
    head = w.get("output.weight", w["token_embd.weight"])
    logits: Floats = _norm(x, w["output_norm.weight"]) @ head.T
    return logits


def _norm(x: Floats, weight: Floats) -> Floats:
    scaled: Floats = x / np.sqrt((x**2).mean(-1, keepdims=True) + tiny.EPSILON) * weight
    return scaled


def _heads(x: Floats, heads: int) -> Floats:
    return x.reshape(len(x), heads, tiny.HEAD_SIZE).swapaxes(0, 1)  # (H, S, hd)


def _rotate(x: Floats, pairs: bool) -> Floats:
    half = tiny.HEAD_SIZE // 2
    angles = np.outer(np.arange(x.shape[1]), tiny.BASE ** (-2 * np.arange(half) / tiny.HEAD_SIZE))
    first, second = (x[..., 0::2], x[..., 1::2]) if pairs else (x[..., :half], x[..., half:])
    turned = (
        first * np.cos(angles) - second * np.sin(angles),
        first * np.sin(angles) + second * np.cos(angles),
    )
    out: Floats = np.stack(turned, -1).reshape(x.shape) if pairs else np.concatenate(turned, -1)
    return out


def _attend(q: Floats, k: Floats, v: Floats) -> Floats:
    steps = q.shape[1]
    group = tiny.HEADS // tiny.KV_HEADS
    k, v = np.repeat(k, group, 0), np.repeat(v, group, 0)
    scores = q @ k.swapaxes(1, 2) / np.sqrt(tiny.HEAD_SIZE)
    scores = np.where(np.tri(steps, dtype=bool), scores, -np.inf)
    chances = np.exp(scores - scores.max(-1, keepdims=True))
    chances /= chances.sum(-1, keepdims=True)
    mixed: Floats = (chances @ v).swapaxes(0, 1).reshape(steps, -1)
    return mixed
