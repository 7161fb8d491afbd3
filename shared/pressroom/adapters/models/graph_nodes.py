"""The nodes and constants of an ONNX graph, collected one by one."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

MS = "com.microsoft"


class Nodes:
    """Each ``node`` has one output, which bears its name; a constant of a name is made once."""

    def __init__(self, *, half: bool) -> None:
        """``half``: floats are of half precision, also those that come in and go out."""
        self.float_type = TensorProto.FLOAT16 if half else TensorProto.FLOAT
        self.float_numpy: type[np.floating[Any]] = np.float16 if half else np.float32
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._made: set[str] = set()

    def has_node(self, out: str) -> bool:
        return out in self._made

    def node(self, kind: str, inputs: list[str], out: str, **attributes: Any) -> str:
        self._made.add(out)
        self.nodes.append(helper.make_node(kind, inputs, [out], name=out, **attributes))
        return out

    def constant(self, name: str, value: NDArray[Any]) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name


def value(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    """An input or output of a graph."""
    return helper.make_tensor_value_info(name, kind, shape)
