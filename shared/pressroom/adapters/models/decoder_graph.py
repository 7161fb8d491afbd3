"""A llama-like decoder as an ONNX graph, written node by node with numpy and onnx alone.

    tokens (B, S) int64 ──embed──> x ─┬─ norm ─ qkv ─ GroupQueryAttention ─ out ─┬─ … ─ norm ─ head ─> logits
    lengths (B,) int32 ───────────────┘        keys/values.i (B, KV, T, hd)      (B, G, V) at positions (B, G)

``lengths`` holds each row's last filled position after this call (its length minus one), which is
what ``GroupQueryAttention`` calls ``seqlens_k``; ``longest`` is the largest length, a scalar.
Keys and values are bound in place: input and output are the same buffer, of fixed T.

Weight formats (``Variant``):

    q8     8-bit blocks of 32 with 8-bit activations; exact where the file has Q8_0
    q4lr   4-bit blocks as they are in the file (Q4_0, Q4_1), q8 for the other tensors. The minimum
           of Q4_1 is a matrix of rank K/32: x @ w = x @ (d (q - 8)) + blocksum(x) @ (m + 8 d)
    fp32   dequantised, for reference
    fp16   dequantised to half precision, keys and values too: what CUDA's attention kernel takes
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pressroom.adapters.models.gguf_weights import BLOCK, EightBit, FourBit, Geometry, GgufModel

_MS = "com.microsoft"
_OPSET = 21
# Activations in 8 bit, sums in 32-bit integers: the fast kernels of MatMulNBits.
_INT8_ACTIVATIONS = 4


class Variant(StrEnum):
    """Weight formats a decoder can be built in."""

    Q8 = "q8"
    Q4LR = "q4lr"
    FP32 = "fp32"
    FP16 = "fp16"


@dataclass(frozen=True, slots=True)
class Linear:
    """The rows of one or more weight matrices of the same input, stacked."""

    names: tuple[str, ...]
    heads: tuple[int, ...] = ()  # per matrix: its number of heads if its rows must be un-paired, else 0


def decoder_graph(model: GgufModel, variant: Variant, max_positions: int) -> onnx.ModelProto:
    """Build the graph; ``max_positions`` is the length of the rotary tables."""
    return _Builder(model, variant).build(max_positions)


class _Builder:
    """Collects nodes and initializers; each method appends one idea and returns its output's name."""

    def __init__(self, model: GgufModel, variant: Variant) -> None:
        self.model = model
        self.variant = variant
        self.size: Geometry = model.geometry
        half = variant is Variant.FP16
        self.float_type = TensorProto.FLOAT16 if half else TensorProto.FLOAT
        self.float_numpy: type[np.floating[Any]] = np.float16 if half else np.float32
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self.block_sums: dict[str, str] = {}

    def build(self, max_positions: int) -> onnx.ModelProto:
        size = self.size
        cos, sin = self.rotary_tables(max_positions)
        x = self.embed("tokens")
        normed = self.norm(x, "blk.0.attn_norm.weight")
        for layer in range(size.layers):
            name = f"blk.{layer}"
            attended = self.attention(normed, layer, cos, sin)
            projected = self.linear(attended, Linear((f"{name}.attn_output.weight",)), f"{name}.attended")
            normed, x = self.add_norm(x, projected, f"{name}.ffn_norm.weight", f"{name}.mid")
            fed = self.feed_forward(normed, name)
            last = layer + 1 == size.layers
            weight = "output_norm.weight" if last else f"blk.{layer + 1}.attn_norm.weight"
            normed, x = self.add_norm(x, fed, weight, f"{name}.end")
        self.logits(normed)
        inputs = [
            _value("tokens", TensorProto.INT64, ["B", "S"]),
            _value("positions", TensorProto.INT64, ["B", "G"]),
            _value("lengths", TensorProto.INT32, ["B"]),
            _value("longest", TensorProto.INT32, []),
        ]
        outputs = [_value("logits", TensorProto.FLOAT, ["B", "G", size.vocab])]
        cache: list[int | str] = ["B", size.kv_heads, "T", size.head_size]
        for layer in range(size.layers):
            for part in ("keys", "values"):
                inputs.append(_value(f"{part}.{layer}", self.float_type, cache))
                outputs.append(_value(f"{part}.{layer}.new", self.float_type, cache))
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, list(self.constants.values()))
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MS, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="pressroom")

    # -- the decoder's parts ---------------------------------------------------------------------

    def embed(self, tokens: str) -> str:
        """(B, S) ids to (B, S, D)."""
        name = "token_embd.weight"
        eight = self.model.eight_bit(name) if self.quantised else None
        if eight is None:
            table = self.constant(name, self.model.dense(name).astype(self.float_numpy))
            return self.node("Gather", [table, tokens], "embedded")
        rows, columns = self.model.shape(name)
        q = self.constant("embed.q", eight.q.reshape(rows, columns))
        scale = self.constant("embed.scale", eight.scale)
        inputs = [q, tokens, scale]
        if np.any(eight.zero != 128):
            inputs.append(self.constant("embed.zero", eight.zero))
        return self.node(
            "GatherBlockQuantized",
            inputs,
            "embedded",
            domain=_MS,
            bits=8,
            block_size=BLOCK,
            gather_axis=0,
            quantize_axis=1,
        )

    def attention(self, x: str, layer: int, cos: str, sin: str) -> str:
        """(B, S, D) to (B, S, H*hd); writes this call's keys and values into the cache."""
        size, name = self.size, f"blk.{layer}"
        pairs = not size.rotary_halves
        qkv = self.linear(
            x,
            Linear(
                tuple(f"{name}.attn_{part}.weight" for part in "qkv"),
                (size.heads * pairs, size.kv_heads * pairs, 0),
            ),
            f"{name}.qkv",
        )
        outputs = [f"{name}.attention", f"keys.{layer}.new", f"values.{layer}.new"]
        self.nodes.append(
            helper.make_node(
                "GroupQueryAttention",
                [qkv, "", "", f"keys.{layer}", f"values.{layer}", "lengths", "longest", cos, sin],
                outputs,
                domain=_MS,
                num_heads=size.heads,
                kv_num_heads=size.kv_heads,
                scale=float(size.head_size**-0.5),
                do_rotary=1,
                rotary_interleaved=0,
            )
        )
        return outputs[0]

    def feed_forward(self, x: str, name: str) -> str:
        """SwiGLU: down(silu(gate(x)) * up(x)), (B, S, D) to (B, S, D)."""
        gate = self.linear(x, Linear((f"{name}.ffn_gate.weight",)), f"{name}.gate")
        up = self.linear(x, Linear((f"{name}.ffn_up.weight",)), f"{name}.up")
        silu = self.node("QuickGelu", [gate], f"{name}.silu", domain=_MS, alpha=1.0)
        hidden = self.node("Mul", [silu, up], f"{name}.hidden")
        return self.linear(hidden, Linear((f"{name}.ffn_down.weight",)), f"{name}.down")

    def logits(self, x: str) -> None:
        """(B, S, D) to (B, G, V) float32, at ``positions`` only: the head is a fifth of the work."""
        axis = self.constant("axis.last", np.array([2], np.int64))
        index = self.node("Unsqueeze", ["positions", axis], "positions.index")
        chosen = self.node("GatherND", [x, index], "chosen", batch_dims=1)
        head = "output.weight" if self.model.has("output.weight") else "token_embd.weight"
        if self.float_type == TensorProto.FLOAT:
            self.linear(chosen, Linear((head,)), "logits")
            return
        raw = self.linear(chosen, Linear((head,)), "logits.half")
        self.node("Cast", [raw], "logits", to=TensorProto.FLOAT)

    def norm(self, x: str, weight: str) -> str:
        return self.node(
            "SimplifiedLayerNormalization",
            [x, self.vector(weight)],
            "embedded.normed",
            axis=-1,
            epsilon=self.size.epsilon,
            stash_type=1,
        )

    def add_norm(self, x: str, branch: str, weight: str, out: str) -> tuple[str, str]:
        """RMS norm of ``x + branch``, and the sum itself for the residual stream."""
        outputs = [f"{out}.normed", "", "", f"{out}.sum"]
        self.nodes.append(
            helper.make_node(
                "SkipSimplifiedLayerNormalization",
                [x, branch, self.vector(weight)],
                outputs,
                domain=_MS,
                epsilon=self.size.epsilon,
            )
        )
        return outputs[0], outputs[3]

    def rotary_tables(self, max_positions: int) -> tuple[str, str]:
        """cos and sin, (positions, hd/2). Su et al. 2021, RoFormer, section 3.2.2."""
        size = self.size
        inverse = size.rope_base ** -(np.arange(0, size.head_size, 2, dtype=np.float64) / size.head_size)
        if self.model.has("rope_freqs.weight"):  # Llama 3's stretching of the slow frequencies
            inverse = inverse / self.model.dense("rope_freqs.weight").astype(np.float64)
        angles = np.outer(np.arange(max_positions) / size.rope_scale, inverse)
        return (
            self.constant("rotary.cos", np.cos(angles).astype(self.float_numpy)),
            self.constant("rotary.sin", np.sin(angles).astype(self.float_numpy)),
        )

    # -- matrices --------------------------------------------------------------------------------

    @property
    def quantised(self) -> bool:
        return self.variant in (Variant.Q8, Variant.Q4LR)

    def linear(self, x: str, linear: Linear, out: str) -> str:
        """``x @ W.T + b`` in this variant's weight format; the last node writes ``out``."""
        biases = [name.removesuffix("weight") + "bias" for name in linear.names]
        biased = self.model.has(biases[0])
        product = f"{out}.unbiased" if biased else out
        if self.variant is Variant.Q4LR and (four := self.stack_four_bit(linear)) is not None:
            self.four_bit_product(x, four, product)
        elif self.quantised and (eight := self.stack_eight_bit(linear)) is not None:
            self.eight_bit_product(x, eight, product)
        else:
            dense = np.concatenate([self.model.dense(n)[order] for n, order in self.rows(linear)])
            self.node("MatMul", [x, self.constant(f"{product}.w", dense.T.astype(self.float_numpy))], product)
        if biased:
            parts = [
                self.model.dense(b)[order] for b, (_, order) in zip(biases, self.rows(linear), strict=True)
            ]
            bias = self.constant(f"{out}.bias", np.concatenate(parts).astype(self.float_numpy))
            self.node("Add", [product, bias], out)
        return out

    def rows(self, linear: Linear) -> Iterable[tuple[str, NDArray[np.int64]]]:
        """Each matrix's name and the order of its rows.

        llama's GGUF interleaves the two halves of each rotary head; the attention node wants halves.
        """
        heads = linear.heads or (0,) * len(linear.names)
        for name, count in zip(linear.names, heads, strict=True):
            order = np.arange(self.model.shape(name)[0], dtype=np.int64)
            if count:
                order = order.reshape(count, self.size.head_size // 2, 2).swapaxes(1, 2).reshape(-1)
            yield name, order

    def stack_four_bit(self, linear: Linear) -> FourBit | None:
        parts = [(self.model.four_bit(name), order) for name, order in self.rows(linear)]
        blocks = [
            FourBit(part.q[order], part.scale[order], None if part.shift is None else part.shift[order])
            for part, order in parts
            if part is not None
        ]
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
            blocks.append(EightBit(part.q[order], part.scale[order], part.zero[order]))
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
            domain=_MS,
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

    # -- graph plumbing --------------------------------------------------------------------------

    def node(self, kind: str, inputs: list[str], out: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [out], name=out, **attributes))
        return out

    def constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def vector(self, name: str) -> str:
        return self.constant(name, self.model.dense(name).astype(self.float_numpy))


def _value(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)
