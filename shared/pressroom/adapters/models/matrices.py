"""``x @ W.T + b`` in each weight format.

q8     8-bit blocks of 32 with 8-bit activations; exact where the file has Q8_0
q4lr   4-bit blocks as they are in the file (Q4_0, Q4_1), q8 for the other tensors. The minimum
       of Q4_1 is a matrix of rank K/32: x @ w = x @ (d (q - 8)) + blocksum(x) @ (m + 8 d)
i8     8-bit integers with one scale a row, of weights (N) and of activations; their products are summed as
       integers, so a row comes out the same to the last bit whatever lies beside it (``row_scaled``)
fp32   dequantised, for reference
fp16   dequantised to half precision, keys and values too: what CUDA's attention kernel takes
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.blocks import BLOCK, EightBit, FourBit
from pressroom.adapters.models.graph_nodes import MS, Nodes
from pressroom.adapters.models.row_scaled import row_scaled_product
from pressroom.adapters.models.weights import Weights

# Activations in 8 bit, sums in 32-bit integers: the fast kernels of MatMulNBits.
_INT8_ACTIVATIONS = 4


class Variant(StrEnum):
    """Weight formats a decoder can be built in."""

    Q8 = "q8"
    Q4LR = "q4lr"
    I8 = "i8"
    FP32 = "fp32"
    FP16 = "fp16"


@dataclass(frozen=True, slots=True)
class Linear:
    """The rows of one or more weight matrices of the same input, stacked."""

    names: tuple[str, ...]
    heads: tuple[int, ...] = ()  # per matrix: its number of heads if they turn, else 0


class Matrices(Nodes):
    """Nodes that multiply with a model's matrices, in the format of ``variant``."""

    def __init__(self, model: Weights, variant: Variant) -> None:
        super().__init__(half=variant is Variant.FP16)
        self.model = model
        self.variant = variant
        self.block_sums: dict[str, str] = {}

    def vector(self, name: str) -> str:
        return self.constant(name, self.model.dense(name).astype(self.float_numpy))

    @property
    def quantised(self) -> bool:
        return self.variant in (Variant.Q8, Variant.Q4LR, Variant.I8)

    def linear(self, x: str, linear: Linear, out: str) -> str:
        """``x @ W.T + b`` in this variant's weight format; the last node writes ``out``."""
        biases = self.biases(linear)
        product = out if biases is None else f"{out}.unbiased"
        if self.variant is Variant.I8:
            row_scaled_product(self, x, self.dense_rows(linear), product)
        elif self.variant is Variant.Q4LR and (four := self.stack_four_bit(linear)) is not None:
            self.four_bit_product(x, four, product)
        elif self.quantised and (eight := self.stack_eight_bit(linear)) is not None:
            self.eight_bit_product(x, eight, product)
        else:
            dense = self.dense_rows(linear)
            self.node("MatMul", [x, self.constant(f"{product}.w", dense.T.astype(self.float_numpy))], product)
        if biases is not None:
            self.node("Add", [product, self.constant(f"{out}.bias", biases.astype(self.float_numpy))], out)
        return out

    def biases(self, linear: Linear) -> NDArray[np.float32] | None:
        """What is added to each row's product, (N,); None where the model adds nothing."""
        parts, found = [], False
        for name, order in self.rows(linear):
            bias = name.removesuffix("weight") + "bias"
            there = self.model.has(bias)
            parts.append(self.model.dense(bias)[order] if there else np.zeros(len(order), np.float32))
            found = found or there
        return np.concatenate(parts) if found else None

    def rows(self, linear: Linear) -> Iterable[tuple[str, NDArray[np.int64]]]:
        """Each matrix's name and the order of its rows.

        The attention node wants what turns together half a head apart (``Geometry.head_order``).
        """
        heads, of_head = linear.heads or (0,) * len(linear.names), self.model.geometry.head_order()
        for name, count in zip(linear.names, heads, strict=True):
            order = np.arange(self.model.shape(name)[0], dtype=np.int64)
            yield name, order.reshape(count, -1)[:, of_head].reshape(-1) if count else order

    def dense_rows(self, linear: Linear) -> NDArray[np.float32]:
        return np.concatenate([self.model.dense(name)[order] for name, order in self.rows(linear)])

    def stack_four_bit(self, linear: Linear) -> FourBit | None:
        parts = [(self.model.four_bit(name), order) for name, order in self.rows(linear)]
        blocks = [part.rows(order) for part, order in parts if part is not None]
        if len(blocks) < len(parts):
            return None
        shifts = [np.zeros_like(b.scale) if b.shift is None else b.shift for b in blocks]
        return FourBit(
            np.concatenate([b.q for b in blocks]),
            np.concatenate([b.scale for b in blocks]),
            np.concatenate(shifts) if any(b.shift is not None for b in blocks) else None,
        )

    def stack_eight_bit(self, linear: Linear) -> EightBit | None:
        blocks = []
        for name, order in self.rows(linear):
            part = self.model.eight_bit(name)
            if part is None:
                return None
            blocks.append(part.rows(order))
        return EightBit(
            np.concatenate([b.q for b in blocks]),
            np.concatenate([b.scale for b in blocks]),
            np.concatenate([b.zero for b in blocks]),
        )

    def eight_bit_product(self, x: str, weights: EightBit, out: str) -> None:
        inputs = [
            x,
            self.constant(f"{out}.q", weights.q),
            self.constant(f"{out}.scale", weights.scale.reshape(-1)),
        ]
        if np.any(weights.zero != 128):  # 128 is what the node assumes
            inputs.append(self.constant(f"{out}.zero", weights.zero.reshape(-1)))
        self.matmul_n_bits(inputs, weights.q.shape, 8, out)

    def four_bit_product(self, x: str, weights: FourBit, out: str) -> None:
        packed = (weights.q[..., 0::2] | (weights.q[..., 1::2] << 4)).astype(np.uint8)
        main = out if weights.shift is None else f"{out}.main"
        inputs = [
            x,
            self.constant(f"{out}.q", packed),
            self.constant(f"{out}.scale", weights.scale.reshape(-1)),
        ]
        self.matmul_n_bits(inputs, weights.q.shape, 4, main)
        if weights.shift is not None:
            shift = self.constant(f"{out}.shift", weights.shift.T)
            rest = self.node("MatMul", [self.block_sum(x, weights.q.shape[1]), shift], f"{out}.rest")
            self.node("Add", [main, rest], out)

    def matmul_n_bits(self, inputs: list[str], shape: tuple[int, ...], bits: int, out: str) -> None:
        rows, blocks, _ = shape
        self.node(
            "MatMulNBits",
            inputs,
            out,
            domain=MS,
            K=blocks * BLOCK,
            N=rows,
            bits=bits,
            block_size=BLOCK,
            accuracy_level=_INT8_ACTIVATIONS,
        )

    def block_sum(self, x: str, blocks: int) -> str:
        """(B, S, K) to (B, S, K/32): the sums of each block's inputs, once for all matrices of ``x``."""
        if x not in self.block_sums:
            shape = self.constant(f"blocks.{blocks}", np.array([0, 0, blocks, BLOCK], np.int64))
            axis = self.constant("axis.block", np.array([3], np.int64))
            split = self.node("Reshape", [x, shape], f"{x}.blocks")
            self.block_sums[x] = self.node("ReduceSum", [split, axis], f"{x}.sums", keepdims=0)
        return self.block_sums[x]
