"""A llama-like decoder as an ONNX graph, written node by node with numpy and onnx alone.

    tokens (B, S) int64 ──embed──> x ─┬─ norm ─ qkv ─ GroupQueryAttention ─ out ─┬─ … ─ norm ─ head ─> logits
    lengths (B,) int32 ───────────────┘        keys/values.i (B, KV, T, hd)      (B, G, V) at positions (B, G)

``lengths`` holds each row's last filled position after this call (its length minus one), which is
what ``GroupQueryAttention`` calls ``seqlens_k``; ``longest`` is the largest length, a scalar.
Keys and values are bound in place: input and output are the same buffer, of fixed T.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper

from pressroom.adapters.models.gguf_weights import BLOCK, Geometry, Weights
from pressroom.adapters.models.graph_nodes import MS, value
from pressroom.adapters.models.matrices import Linear, Matrices, Variant
from pressroom.adapters.models.rotary import rotary_angles

ROTARY = ("rotary.cos", "rotary.sin")
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

    def build(self, max_positions: int) -> onnx.ModelProto:
        size = self.size
        self.rotary_tables(max_positions)
        self.logits(self.layers(self.embed("tokens")))
        inputs = [
            value("tokens", TensorProto.INT64, ["B", "S"]),
            value("positions", TensorProto.INT64, ["B", "G"]),
            value("lengths", TensorProto.INT32, ["B"]),
            value("longest", TensorProto.INT32, []),
        ]
        outputs = [value("logits", TensorProto.FLOAT, ["B", "G", size.vocab])]
        cache: list[int | str] = ["B", size.kv_heads, "T", size.head_size]
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

    # -- the decoder's parts ---------------------------------------------------------------------

    def layers(self, x: str) -> str:
        """(B, S, D) to (B, S, D), normalised for the head."""
        normed = self.norm(x, "blk.0.attn_norm.weight")
        for layer in range(self.size.layers):
            name = f"blk.{layer}"
            qkv = self.linear(normed, self.qkv(layer), f"{name}.qkv")
            projected = self.linear(
                self.attention(qkv, layer), Linear((f"{name}.attn_output.weight",)), f"{name}.attended"
            )
            normed, x = self.add_norm(x, projected, f"{name}.ffn_norm.weight", f"{name}.mid")
            fed = self.feed_forward(normed, name)
            last = layer + 1 == self.size.layers
            weight = "output_norm.weight" if last else f"blk.{layer + 1}.attn_norm.weight"
            normed, x = self.add_norm(x, fed, weight, f"{name}.end")
        return normed

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
            domain=MS,
            bits=8,
            block_size=BLOCK,
            gather_axis=0,
            quantize_axis=1,
        )

    def qkv(self, layer: int) -> Linear:
        """The three matrices before attention, stacked: (B, S, D) to (B, S, (H + 2 KV) hd)."""
        pairs = not self.size.rotary_halves
        return Linear(
            tuple(f"blk.{layer}.attn_{part}.weight" for part in "qkv"),
            (self.size.heads * pairs, self.size.kv_heads * pairs, 0),
        )

    def attention(self, qkv: str, layer: int) -> str:
        """(B, S, (H + 2 KV) hd) to (B, S, H*hd); writes this call's keys and values into the cache."""
        size = self.size
        outputs = [f"blk.{layer}.attention", f"keys.{layer}.new", f"values.{layer}.new"]
        self.nodes.append(
            helper.make_node(
                "GroupQueryAttention",
                [qkv, "", "", f"keys.{layer}", f"values.{layer}", "lengths", "longest", *ROTARY],
                outputs,
                domain=MS,
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
        silu = self.node("QuickGelu", [gate], f"{name}.silu", domain=MS, alpha=1.0)
        hidden = self.node("Mul", [silu, up], f"{name}.hidden")
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
        return Linear(("output.weight" if self.model.has("output.weight") else "token_embd.weight",))

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
                domain=MS,
                epsilon=self.size.epsilon,
            )
        )
        return outputs[0], outputs[3]

    def rotary_tables(self, max_positions: int) -> None:
        """cos and sin, (positions, hd/2)."""
        angles = rotary_angles(self.model, max_positions)
        for name, table in zip(ROTARY, (np.cos(angles), np.sin(angles)), strict=True):
            self.constant(name, table.astype(self.float_numpy))
