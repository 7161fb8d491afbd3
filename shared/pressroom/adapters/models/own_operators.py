"""A decoder's graph for workers that have kernels of their own (``engines/kernels``).

Onnxruntime's attention node becomes ours, and keys and values are kept in half precision: half the memory, and
half the way to it, which is what a step with many rows waits for. The five nodes that bring activations to 8 bits
(``row_scaled``) become one. The weights are those of the other graph.
"""

import onnx
from onnx import TensorProto, helper

from pressroom.adapters.models.row_scaled import quantised_from, quantising_nodes

DOMAIN = "pressroom"
_WIDTH_STEP, _MOST_WIDTH = 32, 256  # as in engines/kernels/attention.h


def offered(head_size: int) -> bool:
    """Whether the kernels take heads of this width."""
    return head_size % _WIDTH_STEP == 0 and head_size <= _MOST_WIDTH


def use_own_operators(model: onnx.ModelProto) -> None:
    """Change the graph in place. Its inputs and outputs keep their names and shapes."""
    quantised = {node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    steps = {name for integers in quantised for name in quantising_nodes(integers)}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "GroupQueryAttention":
            nodes.append(_own_attention(node))
        elif node.op_type == "QuantizeLinear":
            (x, scale) = quantised_from(node.output[0])
            nodes.append(helper.make_node("Quantise", [x], [node.output[0], scale], domain=DOMAIN))
        elif node.output[0] not in steps:
            nodes.append(node)
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
