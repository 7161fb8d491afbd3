"""A decoder's graph for workers that have kernels of their own (``engines/kernels``).

In ``q8`` and ``q4lr`` only attention is ours, and the weights are those of the other graph; keys and values are kept
in half precision. In ``i8`` they take one byte a number, with a scale for each, about half of the memory and of the way
to it. Its weights have an order of their own (``panels``), and all layers are one node (``Layers``) where they are as
Llama's; else each product and each attention is a node of ours, with ONNX Runtime's between them.
"""

from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper

from pressroom.adapters.models.decoder_graph import DecoderGraph
from pressroom.adapters.models.geometry import Activation
from pressroom.adapters.models.graph_nodes import MS
from pressroom.adapters.models.matrices import Linear, Variant
from pressroom.adapters.models.panels import panels
from pressroom.adapters.models.weights import LAST_NORM, Weights

DOMAIN = "pressroom"
_WIDTH_STEP, _MOST_WIDTH, _SCALE_BYTES = 32, 256, 4  # as in engines/kernels/attention.h


def offered(head_size: int) -> bool:
    """Whether the kernels take heads of this width."""
    return head_size % _WIDTH_STEP == 0 and head_size <= _MOST_WIDTH


def own_graph(model: Weights, max_positions: int) -> onnx.ModelProto:
    """The graph of ``i8``, with inputs and outputs as ``decoder_graph`` has them."""
    kind = _InOneNode if _as_llama(model) else _NodeByNode
    return kind(model, Variant.I8).build(max_positions)


def _as_llama(model: Weights) -> bool:
    """Whether ``Layers`` computes what this model does."""
    size, first = model.geometry, "blk.0."
    parts = ("attn_output.bias", "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias")
    norms = ("attn_q_norm.weight", "post_attention_norm.weight", "post_ffw_norm.weight")
    return (
        size.plain
        and size.activation is Activation.SILU
        and not any(model.has(first + name) for name in (*parts, *norms))
    )


def use_own_attention(model: onnx.ModelProto) -> None:
    """Change the graph in place. Its inputs and outputs keep their names and shapes."""
    nodes = [
        _own_attention(node, "Attention") if node.op_type == "GroupQueryAttention" else node
        for node in model.graph.node
    ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    for each in (*model.graph.input, *model.graph.output):
        if each.name.startswith(("keys.", "values.")):
            each.type.tensor_type.elem_type = TensorProto.FLOAT16
    model.opset_import.append(helper.make_opsetid(DOMAIN, 1))


def _own_attention(node: onnx.NodeProto, kind: str) -> onnx.NodeProto:
    qkv, _, _, keys, values, lengths, _, cos, sin = node.input
    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return helper.make_node(
        kind,
        [qkv, keys, values, lengths, cos, sin],
        list(node.output),
        domain=DOMAIN,
        heads=given["num_heads"],
        kv_heads=given["kv_num_heads"],
        scale=given["scale"],
        window=given.get("local_window_size", 0),
    )


class _OwnDecoder(DecoderGraph):
    domains = ("", MS, DOMAIN)

    @property
    def cache_type(self) -> int:
        return int(TensorProto.INT8)

    @property
    def cache_width(self) -> int:
        return self.size.head_size + _SCALE_BYTES

    def panels(self, linear: Linear, name: str, *, gated: bool = False) -> "_Product":
        """The constants of a product ``x @ W.T + b``."""
        made = panels(self.dense_rows(linear), self.biases(linear), gated=gated)
        inputs = [
            self.constant(f"{name}.w", made.weights),
            self.constant(f"{name}.scale", made.scale),
            self.constant(f"{name}.shift", made.shift),
        ]
        bias = "" if made.bias is None else self.constant(f"{name}.bias", made.bias)
        return _Product(made.columns, inputs, bias)

    def product(self, x: str, linear: Linear, out: str, *, gain: str = "") -> None:
        """A node for ``x @ W.T + b``; with ``gain`` x is normalised first."""
        made = self.panels(linear, out)
        self.nodes.append(
            helper.make_node(
                "Product",
                [x, *made.inputs, gain, made.bias],
                [out, f"{out}.u", f"{out}.u.scale"],
                domain=DOMAIN,
                columns=made.columns,
                gated=0,
                epsilon=float(self.size.epsilon),
            )
        )


class _NodeByNode(_OwnDecoder):
    def linear(self, x: str, linear: Linear, out: str) -> str:
        self.product(x, linear, out)
        return out

    def attention(self, qkv: str, layer: int) -> str:
        attended = super().attention(qkv, layer)
        self.nodes[-1] = _own_attention(self.nodes[-1], "CodedAttention")
        return attended


class _InOneNode(_OwnDecoder):
    def layers(self, x: str) -> str:
        """(B, S, D) to (B, S, D), not normalised."""
        size, columns = self.size, 0
        inputs, outputs = [x, "lengths", *self.rotary(0)], ["layered", "layers.scratch"]
        biased = self.biases(self.qkv(0)) is not None
        for layer in range(size.layers):
            name = f"blk.{layer}"
            cache = [f"keys.{layer}", f"values.{layer}"]
            outputs += [f"{part}.new" for part in cache]
            qkv = self.panels(self.qkv(layer), f"{name}.qkv")
            out = self.panels(Linear((f"{name}.attn_output.weight",)), f"{name}.out")
            gate_and_up = Linear((f"{name}.ffn_gate.weight", f"{name}.ffn_up.weight"))
            gate = self.panels(gate_and_up, f"{name}.gate", gated=True)
            down = self.panels(Linear((f"{name}.ffn_down.weight",)), f"{name}.down")
            inputs += [*cache, self.vector(f"{name}.attn_norm.weight"), *qkv.inputs, *out.inputs]
            inputs += [self.vector(f"{name}.ffn_norm.weight"), *gate.inputs, *down.inputs]
            inputs += [qkv.bias] * biased
            columns = gate.columns
        self.nodes.append(
            helper.make_node(
                "Layers",
                inputs,
                outputs,
                domain=DOMAIN,
                layers=size.layers,
                heads=size.heads,
                kv_heads=size.kv_heads,
                head_width=size.head_size,
                hidden=columns,
                biased=int(biased),
                scale=float(size.score_scale),
                epsilon=float(size.epsilon),
            )
        )
        return outputs[0]

    def logits(self, x: str) -> None:
        self.product(self.chosen(x), self.head(), "logits", gain=self.vector(LAST_NORM))


@dataclass(frozen=True, slots=True)
class _Product:
    """``inputs``: weights, scale and shift; ``bias`` is empty where there is none."""

    columns: int
    inputs: list[str]
    bias: str
