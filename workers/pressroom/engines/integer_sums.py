"""Whether this host adds products of 8-bit integers exactly.

x86 without VNNI adds pairs of products (uint8 by int8) in 16 bits, and what is too large is cut off without a
word. The variant ``i8`` would then say something else than it should, so it is looked at before.
"""

from functools import cache

import numpy as np

from pressroom.engines.sessions import Provider, open_session

_INPUTS, _OUTPUTS = 64, 16


@cache
def sums_exactly() -> bool:
    """Multiplies the largest integers there are, as the graphs of ``i8`` do, and looks at the sum."""
    a = np.full((2, _INPUTS), 255, np.uint8)
    got = open_session(_product(), Provider.CPU).run({"a": a})[0]
    return bool((got == 255 * 127 * _INPUTS).all())


def _product() -> bytes:
    from onnx import TensorProto, helper, numpy_helper  # only here: other variants need not load it

    weights = np.full((_INPUTS, _OUTPUTS), 127, np.int8)
    constants = {"w": weights, "one": np.array(1, np.float32), "scale": np.ones(_OUTPUTS, np.float32)}
    graph = helper.make_graph(
        [helper.make_node("MatMulIntegerToFloat", ["a", "w", "one", "scale"], ["y"], domain="com.microsoft")],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, ["R", _INPUTS])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["R", _OUTPUTS])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    return bytes(model.SerializeToString())
