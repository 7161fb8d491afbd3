"""A graph of one Product of our own, and what it should say, in numpy."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from pressroom.adapters.models.panels import panels
from pressroom.adapters.models.row_scaled import row_scaled
from pressroom.engines.sessions import Session, open_session

Values = NDArray[np.float32]
EPSILON = 1e-5
_TYPES = {"w": TensorProto.INT8, "shift": TensorProto.INT32}


@dataclass
class Product:
    """``weights`` (N, K), or twice as many rows where it is gated; ``gain`` (K,), ``bias`` like the weights' rows."""

    weights: Values
    gain: Values | None = None
    bias: Values | None = None
    gated: bool = False
    given: dict[str, NDArray[Any]] = field(default_factory=dict)
    columns: int = 0

    def __post_init__(self) -> None:
        made = panels(self.weights, self.bias, gated=self.gated)
        self.columns = made.columns
        self.given = {"w": made.weights, "scale": made.scale, "shift": made.shift}
        if self.gain is not None:
            self.given["gain"] = self.gain
        if made.bias is not None:
            self.given["bias"] = made.bias

    def session(self, library: Path, rank: int, *, threads: int = 2, residual: bool = False) -> Session:
        """Its inputs are what the operator takes, so that a test can give it something else."""
        leading = [f"d{axis}" for axis in range(rank - 1)]
        names = [name if name in self.given else "" for name in ("w", "scale", "shift", "gain", "bias")]
        node = helper.make_node(
            "Product",
            ["x", *names, "residual" if residual else ""],
            ["y", "u", "u.scale"],
            domain="pressroom",
            columns=self.columns,
            gated=int(self.gated),
            epsilon=EPSILON,
        )
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [*leading, "K"])]
        for name, value in self.given.items():
            shape = [f"{name}{axis}" for axis in range(value.ndim)]
            inputs.append(helper.make_tensor_value_info(name, _TYPES.get(name, TensorProto.FLOAT), shape))
        if residual:
            inputs.append(helper.make_tensor_value_info("residual", TensorProto.FLOAT, [*leading, "R"]))
        outputs = [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [*leading, "N"]),
            helper.make_tensor_value_info("u", TensorProto.UINT8, ["M", "depth"]),
            helper.make_tensor_value_info("u.scale", TensorProto.FLOAT, ["M"]),
        ]
        graph = helper.make_graph([node], "product", inputs, outputs)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid("pressroom", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        return open_session(model.SerializeToString(), "cpu", threads, operators=library)

    def run(
        self, library: Path, x: Values, residual: Values | None = None, *, threads: int = 2
    ) -> list[NDArray[Any]]:
        """y, and x in 8 bits: u and its scale."""
        session = self.session(library, x.ndim, threads=threads, residual=residual is not None)
        extra = {} if residual is None else {"residual": residual}
        return session.run({"x": x, **self.given, **extra})

    def expected(self, u: NDArray[np.uint8], scale: Values) -> NDArray[np.float64]:
        """y (M, N), of x in 8 bits, without a residual."""
        integers, steps = row_scaled(self.weights)
        sums = (u[:, : self.weights.shape[1]].astype(np.int64) - 128) @ integers.T.astype(np.int64)
        y: NDArray[np.float64] = sums.astype(np.float64) * steps * scale[:, None]
        if self.bias is not None:
            y = y + self.bias.astype(np.float64)
        if not self.gated:
            return y
        gate, up = np.split(y, 2, axis=1)
        gated: NDArray[np.float64] = gate / (1 + np.exp(-gate)) * up
        return gated

    def normalised(self, x: Values) -> Values:
        if self.gain is None:
            return x
        root = np.sqrt(np.mean(x.astype(np.float64) ** 2, axis=-1, keepdims=True) + EPSILON)
        normal: Values = (x / root * self.gain).astype(np.float32)
        return normal
