"""Calls of our attention, with their arrays and a plain one in numpy that says what comes of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from pressroom.engines.sessions import Session, open_session

ROOM = 320
_SCALE_BYTES = 4


@dataclass(frozen=True)
class Kernels:
    """A library, and how its attention is to keep keys and values: in half precision or coded."""

    path: Path
    coded: bool

    def stored(self, x: NDArray[Any]) -> NDArray[Any]:
        """(..., width) as it lies in the cache."""
        if not self.coded:
            return x.astype(np.float16)
        x = x.astype(np.float32)
        scale = np.abs(x).max(-1, keepdims=True) / np.float32(127)
        codes = np.rint(x / np.where(scale > 0, scale, 1)).astype(np.int8)
        return np.concatenate([codes, scale.view(np.int8)], -1)

    def read(self, cache: NDArray[Any]) -> NDArray[np.float64]:
        """What a cache holds, (..., width)."""
        if not self.coded:
            return cache.astype(np.float64)
        scale = np.ascontiguousarray(cache[..., -_SCALE_BYTES:]).view(np.float32)
        return cache[..., :-_SCALE_BYTES].astype(np.float64) * scale

    def spoil(self, cache: NDArray[Any]) -> None:
        """Make what it holds no numbers, in place."""
        if self.coded:
            cache[..., -_SCALE_BYTES:] = np.array([np.nan], np.float32).view(np.int8)
        else:
            cache[...] = np.nan


@dataclass
class Case:
    """One call's arrays, and a session for their sizes."""

    kernels: Kernels
    session: Session
    heads: int
    kv_heads: int
    width: int
    cos: NDArray[np.float32]
    sin: NDArray[np.float32]
    keys: NDArray[Any]
    values: NDArray[Any]
    window: int = 0

    @classmethod
    def of(
        cls,
        kernels: Kernels,
        rows: int,
        heads: int,
        kv_heads: int,
        width: int,
        *,
        threads: int = 2,
        window: int = 0,
    ) -> "Case":
        angles = np.arange(ROOM)[:, None] * 10_000.0 ** (-np.arange(width // 2) / (width // 2))
        dice = np.random.default_rng(3)
        shape = (rows, kv_heads, ROOM, width)
        return cls(
            kernels,
            open_session(
                attention_graph(heads, kv_heads, width, window, coded=kernels.coded),
                "cpu",
                threads,
                operators=kernels.path,
            ),
            heads,
            kv_heads,
            width,
            np.cos(angles).astype(np.float32),
            np.sin(angles).astype(np.float32),
            kernels.stored(dice.normal(size=shape)),
            kernels.stored(dice.normal(size=shape)),
            window,
        )

    def new(self, steps: int, seed: int = 1, scale: float = 1.0) -> NDArray[np.float32]:
        """Queries, keys and values of new tokens."""
        size = (len(self.keys), steps, (self.heads + 2 * self.kv_heads) * self.width)
        return (np.random.default_rng(seed).normal(size=size) * scale).astype(np.float32)

    def run(self, qkv: NDArray[np.float32], last: list[int]) -> list[NDArray[Any]]:
        """What is attended to, and the cache after the call."""
        return self.session.run(
            {
                "qkv": qkv,
                "keys": self.keys,
                "values": self.values,
                "last": np.array(last, np.int32),
                "cos": self.cos,
                "sin": self.sin,
            }
        )

    def expected(self, qkv: NDArray[np.float32], last: list[int]) -> list[NDArray[Any]]:
        """The same in float64, but for the cache, which is told as it is stored."""
        rows, steps, _ = qkv.shape
        parts = qkv.reshape(rows, steps, -1, self.width).astype(np.float64)
        keys, values = self.keys.copy(), self.values.copy()
        out = np.empty((rows, steps, self.heads, self.width))
        group = self.heads // self.kv_heads
        for row in range(rows):
            at = np.arange(last[row] - steps + 1, last[row] + 1)
            turned = _turned(parts[row], self.cos[at], self.sin[at])
            new_keys = turned[:, self.heads : self.heads + self.kv_heads].swapaxes(0, 1)
            keys[row][:, at] = self.kernels.stored(new_keys)
            values[row][:, at] = self.kernels.stored(
                parts[row][:, self.heads + self.kv_heads :].swapaxes(0, 1)
            )
            known, held = self.kernels.read(keys[row]), self.kernels.read(values[row])
            for step, head in np.ndindex(steps, self.heads):
                first = max(0, at[step] + 1 - self.window) if self.window else 0
                seen = slice(first, at[step] + 1)
                scores = known[head // group, seen] @ turned[step, head]
                weights = np.exp((scores - scores.max()) * self.width**-0.5)
                out[row, step, head] = weights / weights.sum() @ held[head // group, seen]
        return [out.reshape(rows, steps, -1), keys, values]


def _turned(
    x: NDArray[np.float64], cos: NDArray[np.float32], sin: NDArray[np.float32]
) -> NDArray[np.float64]:
    a, b = np.split(x, 2, axis=-1)
    cos, sin = cos[:, None], sin[:, None]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def attention_graph(heads: int, kv_heads: int, width: int, window: int = 0, *, coded: bool = False) -> bytes:
    """One node."""
    kept, single = TensorProto.INT8 if coded else TensorProto.FLOAT16, TensorProto.FLOAT
    cache = ["B", kv_heads, "T", "hd"]
    node = helper.make_node(
        "CodedAttention" if coded else "Attention",
        ["qkv", "keys", "values", "last", "cos", "sin"],
        ["out", "keys.new", "values.new"],
        domain="pressroom",
        heads=heads,
        kv_heads=kv_heads,
        window=window,
        scale=float(width**-0.5),
    )
    inputs = [
        helper.make_tensor_value_info("qkv", single, ["B", "S", "N"]),
        helper.make_tensor_value_info("keys", kept, cache),
        helper.make_tensor_value_info("values", kept, cache),
        helper.make_tensor_value_info("last", TensorProto.INT32, ["L"]),
        helper.make_tensor_value_info("cos", single, ["P", "h"]),
        helper.make_tensor_value_info("sin", single, ["P", "h"]),
    ]
    outputs = [
        helper.make_tensor_value_info("out", single, ["B", "S", "M"]),
        helper.make_tensor_value_info("keys.new", kept, cache),
        helper.make_tensor_value_info("values.new", kept, cache),
    ]
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("pressroom", 1)]
    model = helper.make_model(
        helper.make_graph([node], "attention", inputs, outputs), opset_imports=opsets, ir_version=10
    )
    return bytes(model.SerializeToString())
