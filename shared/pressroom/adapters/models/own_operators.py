"""A decoder's graph for workers that have kernels of their own (``engines/kernels``).

Keys and values are kept in half precision: half the memory, and half the way to it, which is what a step with many
rows waits for. In ``q8`` and ``q4lr`` only attention is ours, and the weights are those of the other graph. In ``i8``
all layers are one node (``Layers``), and weights have an order of their own (``panels``).
"""

from dataclasses import dataclass

import onnx
from onnx import TensorProto, helper

from pressroom.adapters.models.decoder_graph import ROTARY, DecoderGraph
from pressroom.adapters.models.gguf_weights import Weights
from pressroom.adapters.models.graph_nodes import MS
from pressroom.adapters.models.matrices import Linear, Variant
from pressroom.adapters.models.panels import panels

DOMAIN = "pressroom"
_WIDTH_STEP, _MOST_WIDTH = 32, 256  # as in engines/kernels/attention.h


def offered(head_size: int) -> bool:
    """Whether the kernels take heads of this width."""
    return head_size % _WIDTH_STEP == 0 and head_size <= _MOST_WIDTH


def own_graph(model: Weights, max_positions: int) -> onnx.ModelProto:
    """The graph of ``i8``, with inputs and outputs as ``decoder_graph`` has them."""
    return _OwnDecoder(model, Variant.I8).build(max_positions)


def use_own_attention(model: onnx.ModelProto) -> None:
    """Change the graph in place. Its inputs and outputs keep their names and shapes."""
    nodes = [
        _own_attention(node) if node.op_type == "GroupQueryAttention" else node for node in model.graph.node
    ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    for each in (*model.graph.input, *model.graph.output):
        if each.name.startswith(("keys.", "values.")):
            each.type.tensor_type.elem_type = TensorProto.FLOAT16
    model.opset_import.append(helper.make_opsetid(DOMAIN, 1))


def _own_attention(node: onnx.NodeProto) -> onnx.NodeProto:
    qkv, _, _, keys, values, lengths, _, cos, sin = node.input
    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    return helper.make_node(
        "Attention",
        [qkv, keys, values, lengths, cos, sin],
        list(node.output),
        domain=DOMAIN,
        heads=given["num_heads"],
        kv_heads=given["kv_num_heads"],
        scale=given["scale"],
    )


class _OwnDecoder(DecoderGraph):
    domains = ("", MS, DOMAIN)

    @property
    def cache_type(self) -> int:
        return int(TensorProto.FLOAT16)

    def layers(self, x: str) -> str:
        """(B, S, D) to (B, S, D), not normalised."""
        size, columns = self.size, 0
        inputs, outputs = [x, "lengths", *ROTARY], ["layered", "layers.scratch"]
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
                scale=float(size.head_size**-0.5),
                epsilon=float(size.epsilon),
            )
        )
        return outputs[0]

    def logits(self, x: str) -> None:
        head = self.panels(self.head(), "head")
        self.nodes.append(
            helper.make_node(
                "Product",
                [self.chosen(x), *head.inputs, self.vector("output_norm.weight"), head.bias],
                ["logits", "logits.u", "logits.scale"],
                domain=DOMAIN,
                columns=head.columns,
                gated=0,
                epsilon=float(self.size.epsilon),
            )
        )

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


@dataclass(frozen=True, slots=True)
class _Product:
    """``inputs``: weights, scale and shift; ``bias`` is empty where there is none."""

    columns: int
    inputs: list[str]
    bias: str
