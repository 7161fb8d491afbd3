"""A decoder as an ONNX graph, written node by node with numpy and onnx alone.

    tokens (B, S) int64 ──embed──> x ─┬─ norm ─ qkv ─ GroupQueryAttention ─ out ─┬─ … ─ norm ─ head ─> logits
    lengths (B,) int32 ───────────────┘        keys/values.i (B, KV, T, hd)      (B, G, V) at positions (B, G)

``lengths`` holds each row's last filled position after this call (its length minus one), which is
what ``GroupQueryAttention`` calls ``seqlens_k``; ``longest`` is the largest length, a scalar.
Keys and values are bound in place: input and output are the same buffer, of fixed T. Shapes differ in what their
``Geometry`` and their tensors say: windows, layers that turn nothing, norms of heads and behind a branch.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper

from pressroom.adapters.models.blocks import BLOCK
from pressroom.adapters.models.geometry import Activation, Geometry
from pressroom.adapters.models.graph_nodes import MS, value
from pressroom.adapters.models.matrices import Linear, Matrices, Variant
from pressroom.adapters.models.rotary import cos_and_sin
from pressroom.adapters.models.weights import EMBEDDING, LAST_NORM, Weights, head_of

_VERSIONS = {"": 21}


def decoder_graph(model: Weights, variant: Variant, max_positions: int) -> onnx.ModelProto:
    """Build the graph; ``max_positions`` is the length of the rotary tables."""
    return DecoderGraph(model, variant).build(max_positions)


class DecoderGraph(Matrices):
    """Each method appends one idea and returns its output's name."""

    domains: tuple[str, ...] = ("", MS)

    def __init__(self, model: Weights, variant: Variant) -> None:
        super().__init__(model, variant)
        self.size: Geometry = model.geometry
        self.positions = 0

    def build(self, max_positions: int) -> onnx.ModelProto:
        size = self.size
        self.positions = max_positions
        self.logits(self.layers(self.embed("tokens")))
        inputs = [
            value("tokens", TensorProto.INT64, ["B", "S"]),
            value("positions", TensorProto.INT64, ["B", "G"]),
            value("lengths", TensorProto.INT32, ["B"]),
            value("longest", TensorProto.INT32, []),
        ]
        outputs = [value("logits", TensorProto.FLOAT, ["B", "G", size.vocab])]
        cache: list[int | str] = ["B", size.kv_heads, "T", self.cache_width]
        for layer in range(size.layers):
            for part in ("keys", "values"):
                inputs.append(value(f"{part}.{layer}", self.cache_type, cache))
                outputs.append(value(f"{part}.{layer}.new", self.cache_type, cache))
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, list(self.constants.values()))
        opsets = [helper.make_opsetid(domain, _VERSIONS.get(domain, 1)) for domain in self.domains]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="pressroom")

    @property
    def cache_type(self) -> int:
        return int(self.float_type)

    @property
    def cache_width(self) -> int:
        """Numbers that a key or value of one head takes at one position."""
        return self.size.head_size

    # -- the decoder's parts ---------------------------------------------------------------------

    def layers(self, x: str) -> str:
        """(B, S, D) to (B, S, D), normalised for the head."""
        normed = self.norm(x, "blk.0.attn_norm.weight", "embedded.normed")
        for layer in range(self.size.layers):
            name = f"blk.{layer}"
            qkv = self.normed_heads(self.linear(normed, self.qkv(layer), f"{name}.qkv"), layer)
            projected = self.linear(
                self.attention(qkv, layer), Linear((f"{name}.attn_output.weight",)), f"{name}.attended"
            )
            projected = self.norm_if_there(projected, f"{name}.post_attention_norm.weight")
            normed, x = self.add_norm(x, projected, f"{name}.ffn_norm.weight", f"{name}.mid")
            fed = self.norm_if_there(self.feed_forward(normed, name), f"{name}.post_ffw_norm.weight")
            last = layer + 1 == self.size.layers
            weight = LAST_NORM if last else f"blk.{layer + 1}.attn_norm.weight"
            normed, x = self.add_norm(x, fed, weight, f"{name}.end")
        return normed

    def embed(self, tokens: str) -> str:
        """(B, S) ids to (B, S, D)."""
        if self.size.embed_scale == 1:
            return self.gathered(tokens, "embedded")
        scale = self.constant("embed.factor", np.array(self.size.embed_scale, self.float_numpy))
        return self.node("Mul", [self.gathered(tokens, "embedded.small"), scale], "embedded")

    def gathered(self, tokens: str, out: str) -> str:
        eight = self.model.eight_bit(EMBEDDING) if self.quantised else None
        if eight is None:
            table = self.constant(EMBEDDING, self.model.dense(EMBEDDING).astype(self.float_numpy))
            return self.node("Gather", [table, tokens], out)
        rows, columns = self.model.shape(EMBEDDING)
        q = self.constant("embed.q", eight.q.reshape(rows, columns))
        scale = self.constant("embed.scale", eight.scale)
        inputs = [q, tokens, scale]
        if np.any(eight.zero != 128):
            inputs.append(self.constant("embed.zero", eight.zero))
        return self.node(
            "GatherBlockQuantized",
            inputs,
            out,
            domain=MS,
            bits=8,
            block_size=BLOCK,
            gather_axis=0,
            quantize_axis=1,
        )

    def qkv(self, layer: int) -> Linear:
        """The three matrices before attention, stacked: (B, S, D) to (B, S, (H + 2 KV) hd)."""
        return Linear(
            tuple(f"blk.{layer}.attn_{part}.weight" for part in "qkv"),
            (self.size.heads, self.size.kv_heads, 0),
        )

    def normed_heads(self, qkv: str, layer: int) -> str:
        """Queries and keys normalised head by head, where the model does so; (B, S, (H + 2 KV) hd) as it comes."""
        name, size = f"blk.{layer}", self.size
        if not self.model.has(f"{name}.attn_q_norm.weight"):
            return qkv
        counts = (size.heads, size.kv_heads, size.kv_heads)
        apart = self.constant("heads.apart", np.array([0, 0, sum(counts), size.head_size], np.int64))
        together = self.constant("heads.together", np.array([0, 0, sum(counts) * size.head_size], np.int64))
        parts = [f"{name}.{part}" for part in "qkv"]
        split = self.node("Reshape", [qkv, apart], f"{name}.heads")
        self.nodes.append(
            helper.make_node(
                "Split", [split, self.constant("heads.counts", np.array(counts, np.int64))], parts, axis=2
            )
        )
        for at, part in enumerate("qk"):
            weight = f"{name}.attn_{part}_norm.weight"
            gain = self.constant(
                weight, self.model.dense(weight)[self.size.head_order()].astype(self.float_numpy)
            )
            parts[at] = self.normed(parts[at], gain, f"{parts[at]}.normed")
        joined = self.node("Concat", parts, f"{name}.heads.normed", axis=2)
        return self.node("Reshape", [joined, together], f"{name}.qkv.normed")

    def attention(self, qkv: str, layer: int) -> str:
        """(B, S, (H + 2 KV) hd) to (B, S, H*hd); writes this call's keys and values into the cache."""
        size, shape = self.size, self.size.of_layer[layer]
        outputs = [f"blk.{layer}.attention", f"keys.{layer}.new", f"values.{layer}.new"]
        window = {"local_window_size": shape.window} if shape.window else {}
        self.nodes.append(
            helper.make_node(
                "GroupQueryAttention",
                [qkv, "", "", f"keys.{layer}", f"values.{layer}", "lengths", "longest", *self.rotary(layer)],
                outputs,
                domain=MS,
                num_heads=size.heads,
                kv_num_heads=size.kv_heads,
                scale=float(size.score_scale),
                do_rotary=1,
                rotary_interleaved=0,
                **window,
            )
        )
        return outputs[0]

    def feed_forward(self, x: str, name: str) -> str:
        """down(act(gate(x)) * up(x)), (B, S, D) to (B, S, D): Shazeer 2020, "GLU Variants Improve Transformer"."""
        gate = self.linear(x, Linear((f"{name}.ffn_gate.weight",)), f"{name}.gate")
        up = self.linear(x, Linear((f"{name}.ffn_up.weight",)), f"{name}.up")
        if self.size.activation is Activation.GELU:
            active = self.node("Gelu", [gate], f"{name}.gelu", approximate="tanh")
        else:
            active = self.node("QuickGelu", [gate], f"{name}.silu", domain=MS, alpha=1.0)
        hidden = self.node("Mul", [active, up], f"{name}.hidden")
        return self.linear(hidden, Linear((f"{name}.ffn_down.weight",)), f"{name}.down")

    def logits(self, x: str) -> None:
        """(B, S, D) to (B, G, V) float32, at ``positions`` only: the head is a fifth of the work."""
        chosen = self.chosen(x)
        if self.float_type == TensorProto.FLOAT:
            self.linear(chosen, self.head(), "logits")
            return
        raw = self.linear(chosen, self.head(), "logits.half")
        self.node("Cast", [raw], "logits", to=TensorProto.FLOAT)

    def chosen(self, x: str) -> str:
        """(B, S, D) to (B, G, D)."""
        axis = self.constant("axis.last", np.array([2], np.int64))
        index = self.node("Unsqueeze", ["positions", axis], "positions.index")
        return self.node("GatherND", [x, index], "chosen", batch_dims=1)

    def head(self) -> Linear:
        return Linear((head_of(self.model),))

    def norm(self, x: str, weight: str, out: str) -> str:
        return self.normed(x, self.vector(weight), out)

    def norm_if_there(self, x: str, weight: str) -> str:
        """``x`` normalised, or itself where the model has no such norm."""
        return self.norm(x, weight, f"{x}.normed") if self.model.has(weight) else x

    def normed(self, x: str, gain: str, out: str) -> str:
        """RMS norm over the last axis."""
        return self.node(
            "SimplifiedLayerNormalization", [x, gain], out, axis=-1, epsilon=self.size.epsilon, stash_type=1
        )

    def add_norm(self, x: str, branch: str, weight: str, out: str) -> tuple[str, str]:
        """RMS norm of ``x + branch``, and the sum itself for the residual stream."""
        outputs = [f"{out}.normed", "", "", f"{out}.sum"]
        self.nodes.append(
            helper.make_node(
                "SkipSimplifiedLayerNormalization",
                [x, branch, self.vector(weight)],
                outputs,
                domain=MS,
                epsilon=self.size.epsilon,
            )
        )
        return outputs[0], outputs[3]

    def rotary(self, layer: int) -> tuple[str, str]:
        """cos and sin of the layer, (positions, hd/2)."""
        which = self.size.of_layer[layer].rope
        name = "rotary.still" if which is None else f"rotary.{which}"
        names = (f"{name}.cos", f"{name}.sin")
        if names[0] not in self.constants:
            rope = None if which is None else self.size.ropes[which]
            for each, table in zip(
                names, cos_and_sin(rope, self.size.head_size, self.positions), strict=True
            ):
                self.constant(each, table.astype(self.float_numpy))
        return names
