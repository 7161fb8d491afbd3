"""A language model whose memory is a state and not a cache: embeddings of words, LSTM layers, a head.

    tokens (B, S) ─ embedding (V, D) ─ LSTM ─ … ─ LSTM (H) ─ head (V, H) ─> logits
                                        hidden, cell (L, B, H): in and out

A folder with ``config.json`` (``model_type`` "lstm"), ``tokenizer.json`` and safetensors named as ``torch.nn`` names them:
``embedding.weight``, ``lstm.weight_ih_l0`` …, ``head.weight`` and ``head.bias``; without a head the embedding is tied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from safetensors import SafetensorError
from safetensors.numpy import load_file

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.files import read_json, sha256_of_files
from pressroom.adapters.models.graph_nodes import Nodes, value
from pressroom.adapters.models.hf_tokenizer import tokenizer_from_folder
from pressroom.adapters.models.tokenizer_parts import TokenizerParts

MODEL_TYPE = "lstm"
_WEIGHTS = "model.safetensors"
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """torch's: rows of the gates input, forget, cell, output. ``of_input`` (4H, D), ``of_state`` (4H, H), ``bias`` (4H,)."""

    of_input: Values
    of_state: Values
    bias: Values


class RecurrentModel:
    """An opened folder. Raises ``UnsupportedModel`` for one whose tensors do not fit together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = read_json(path / "config.json")
        try:
            tensors = {
                name: np.asarray(each, np.float32) for name, each in load_file(path / _WEIGHTS).items()
            }
            self.embedding = tensors["embedding.weight"]
            self.head = tensors.get("head.weight", self.embedding)
            self.head_bias = tensors.get("head.bias", np.zeros(len(self.head), np.float32))
            self.layers = tuple(_layer(tensors, n) for n in range(int(self.config["num_layers"])))
            self.context = int(self.config["context"])
        except (SafetensorError, OSError) as error:
            raise UnsupportedModel(
                f"{path / _WEIGHTS} cannot be read ({error}). Save the model again."
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise UnsupportedModel(f"{path} is no whole LSTM: {error} is missing or no number.") from error
        self._check()

    @property
    def vocab(self) -> int:
        return len(self.embedding)

    @property
    def width(self) -> int:
        """H, of hidden and cell."""
        return int(self.layers[0].of_state.shape[1])

    def sha256(self) -> str:
        """Of the weights and the config."""
        return sha256_of_files([self.path / "config.json", self.path / _WEIGHTS])

    def tokenizer(self) -> TokenizerParts:
        return tokenizer_from_folder(self.path, self.config)

    def logits(self, tokens: Sequence[int]) -> Values:
        """(S, V) in float32 with numpy: what follows each token. Hochreiter and Schmidhuber 1997, with the forget gate
        of Gers et al. 2000."""
        x = self.embedding[list(tokens)]  # (S, D)
        for layer in self.layers:
            hidden = cell = np.zeros(self.width, np.float32)
            rows = []
            for row in x @ layer.of_input.T + layer.bias:
                entering, kept, new, told = np.split(row + layer.of_state @ hidden, 4)
                cell = _sigmoid(kept) * cell + _sigmoid(entering) * np.tanh(new)
                hidden = _sigmoid(told) * np.tanh(cell)
                rows.append(hidden)
            x = np.stack(rows)  # (S, H)
        return np.asarray(x @ self.head.T + self.head_bias, np.float32)

    def _check(self) -> None:
        if not self.layers or self.context < 1:
            raise UnsupportedModel(f"{self.path} says that it has no layers, or no context.")
        width, depth = self.width, self.embedding.shape[1]
        for n, layer in enumerate(self.layers):
            shapes = (layer.of_input.shape, layer.of_state.shape, layer.bias.shape)
            expected = ((4 * width, depth if n == 0 else width), (4 * width, width), (4 * width,))
            if shapes != expected:
                raise UnsupportedModel(f"{self.path}: layer {n} is {shapes}, not {expected}.")
        if self.head.shape != (self.vocab, width) or self.head_bias.shape != (self.vocab,):
            raise UnsupportedModel(f"{self.path}: the head is {self.head.shape}, not {(self.vocab, width)}.")


def recurrent_graph(model: RecurrentModel) -> onnx.ModelProto:
    """Logits at ``positions`` (B, G) only, as the decoder's graph has them."""
    graph, layers = Nodes(half=False), len(model.layers)
    embedded = graph.node("Gather", [graph.constant("embedding", model.embedding), "tokens"], "embedded")
    x = graph.node("Transpose", [embedded], "embedded.first", perm=[1, 0, 2])  # (S, B, D)
    one = graph.constant("axis.direction", np.array([1], np.int64))
    before = {
        name: [f"{name}.{n}" for n in range(layers)] if layers > 1 else [name] for name in ("hidden", "cell")
    }
    if layers > 1:
        graph.nodes += [
            helper.make_node("Split", [name], parts, axis=0, num_outputs=layers)
            for name, parts in before.items()
        ]
    after: dict[str, list[str]] = {"hidden": [], "cell": []}
    for n, layer in enumerate(model.layers):
        weights = [
            graph.constant(f"lstm.{n}.w", _onnx_gates(layer.of_input)[None]),
            graph.constant(f"lstm.{n}.r", _onnx_gates(layer.of_state)[None]),
            # ONNX adds two biases, of input and state.
            graph.constant(f"lstm.{n}.b", np.pad(_onnx_gates(layer.bias), (0, 4 * model.width))[None]),
        ]
        states = [before["hidden"][n], before["cell"][n]]
        outputs = [f"lstm.{n}", f"hidden.{n}.after", f"cell.{n}.after"]
        graph.nodes.append(
            helper.make_node("LSTM", [x, *weights, "", *states], outputs, hidden_size=model.width)
        )
        after["hidden"].append(outputs[1])
        after["cell"].append(outputs[2])
        x = graph.node("Squeeze", [outputs[0], one], f"lstm.{n}.rows")  # (S, B, H)
    for name, parts in after.items():
        graph.node("Concat", parts, f"{name}.new", axis=0)
    rows = graph.node("Transpose", [x], "rows", perm=[1, 0, 2])  # (B, S, H)
    axis = graph.constant("axis.last", np.array([2], np.int64))
    index = graph.node("Unsqueeze", ["positions", axis], "positions.index")
    chosen = graph.node("GatherND", [rows, index], "chosen", batch_dims=1)  # (B, G, H)
    product = graph.node("MatMul", [chosen, graph.constant("head", model.head.T)], "logits.unbiased")
    graph.node("Add", [product, graph.constant("head.bias", model.head_bias)], "logits")
    return _model(graph, layers, model)


def _model(graph: Nodes, layers: int, model: RecurrentModel) -> onnx.ModelProto:
    state: list[int | str] = [layers, "B", model.width]
    inputs = [
        value("tokens", TensorProto.INT64, ["B", "S"]),
        value("positions", TensorProto.INT64, ["B", "G"]),
        *(value(name, TensorProto.FLOAT, state) for name in ("hidden", "cell")),
    ]
    outputs = [
        value("logits", TensorProto.FLOAT, ["B", "G", model.vocab]),
        *(value(f"{name}.new", TensorProto.FLOAT, state) for name in ("hidden", "cell")),
    ]
    made = helper.make_graph(graph.nodes, "recurrent", inputs, outputs, list(graph.constants.values()))
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(made, opset_imports=opsets, ir_version=10, producer_name="pressroom")


def _layer(tensors: dict[str, Any], n: int) -> LayerWeights:
    bias = tensors[f"lstm.bias_ih_l{n}"] + tensors[f"lstm.bias_hh_l{n}"]
    return LayerWeights(tensors[f"lstm.weight_ih_l{n}"], tensors[f"lstm.weight_hh_l{n}"], bias)


def _onnx_gates(rows: Values) -> Values:
    """torch has input, forget, cell, output; ONNX input, output, forget, cell."""
    entering, kept, new, told = np.split(rows, 4)
    return np.concatenate([entering, told, kept, new])


def _sigmoid(x: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-x)), np.float32)
