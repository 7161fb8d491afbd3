"""A sentence encoder as an ONNX graph, written node by node with numpy and onnx alone.

    tokens (B, S) int64 ─ embed + positions ─ norm ─┬─ attention ─┬─ norm ─┬─ GELU ─┬─ norm ─ … ─ mean ─ length 1
    lengths (B,) int64 ── which are there ──────────┴─────────────┘        └────────┘            (B, D) float32

BERT (Devlin et al. 2019): norms behind each branch, positions that were learnt. The vector of a text is the mean of its tokens in
the last layer, divided by its length (Reimers and Gurevych 2019, section 3).
"""

from collections.abc import Callable
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
from pressroom.adapters.models.files import read_json
from pressroom.adapters.models.graph_nodes import Nodes, value

Values = NDArray[np.float32]
_CONFIG = "config.json"
# What is added to the logit of a token that is not there.
_FAR = np.float32(-1e9)


@dataclass(frozen=True, slots=True)
class EncoderModel:
    """An opened folder of transformers: sizes, and tensors by their names there."""

    layers: int
    heads: int
    width: int
    positions: int
    epsilon: float
    tensor: Callable[[str], Values]


def opened_encoder(folder: Path, weights: Path) -> EncoderModel:
    """Raises ``UnsupportedModel`` for one that is no BERT of the shape that is written here."""
    config = read_json(folder / _CONFIG)
    try:
        tensors = {name: np.asarray(each, np.float32) for name, each in load_file(weights).items()}
        shape = (
            config["model_type"],
            config["hidden_act"],
            config.get("position_embedding_type", "absolute"),
        )
        layers, heads, width = (
            int(config[name]) for name in ("num_hidden_layers", "num_attention_heads", "hidden_size")
        )
        epsilon = float(config["layer_norm_eps"])
    except (SafetensorError, OSError) as error:
        raise UnsupportedModel(f"{weights} cannot be read ({error}). Pull the model again.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise UnsupportedModel(f"{folder / _CONFIG}: {error} is missing or no number.") from error
    if shape != ("bert", "gelu", "absolute"):
        raise UnsupportedModel(
            f"This encoder is {shape}; only a BERT with GELU and learnt positions is known."
        )

    def tensor(name: str) -> Values:
        try:
            return tensors[name]
        except KeyError:
            raise UnsupportedModel(
                f"{weights.name} has no {name}: it is no BERT, or not all of it."
            ) from None

    positions = len(tensor("embeddings.position_embeddings.weight"))
    return EncoderModel(layers, heads, width, positions, epsilon, tensor)


def encoder_graph(model: EncoderModel) -> onnx.ModelProto:
    """Vectors of length 1 in float32."""
    return _EncoderGraph(model).build()


class _EncoderGraph(Nodes):
    """Each method appends one idea and returns its output's name."""

    def __init__(self, model: EncoderModel) -> None:
        super().__init__(half=False)
        self._model = model

    def build(self) -> onnx.ModelProto:
        there = self._there()
        x = self._embedded()
        bias = self._bias(there)
        for n in range(self._model.layers):
            x = self._layer(x, bias, f"encoder.layer.{n}")
        self._pooled(x, there)
        inputs = [
            value("tokens", TensorProto.INT64, ["B", "S"]),
            value("lengths", TensorProto.INT64, ["B"]),
        ]
        outputs = [value("vectors", TensorProto.FLOAT, ["B", self._model.width])]
        graph = helper.make_graph(self.nodes, "encoder", inputs, outputs, list(self.constants.values()))
        opsets = [helper.make_opsetid("", 21)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="pressroom")

    # -- in front ----------------------------------------------------------------------------------
    def _span(self) -> str:
        """(S,) 0, 1, 2 …"""
        if self.has_node("span"):
            return "span"
        size = self.node("Shape", ["tokens"], "span.size", start=1, end=2)
        end = self.node("Squeeze", [size], "span.end")
        start, step = self._whole("zero", 0), self._whole("one", 1)
        return self.node("Range", [start, end, step], "span")

    def _there(self) -> str:
        """(B, S) bool: whether the text has a token in this place."""
        lengths = self.node("Unsqueeze", ["lengths", self._whole("axis.one", [1])], "lengths.column")
        return self.node("Less", [self._span(), lengths], "there")

    def _bias(self, there: str) -> str:
        """(B, 1, 1, S): 0 for a token that is there, far below it else."""
        zero, far = self._number("bias.none", 0.0), self._number("bias.far", _FAR)
        bias = self.node("Where", [there, zero, far], "bias.flat")
        return self.node("Unsqueeze", [bias, self._whole("axes.one.two", [1, 2])], "bias")

    def _embedded(self) -> str:
        """(B, S, D)."""
        tensor = self._model.tensor
        words = self.constant("words", tensor("embeddings.word_embeddings.weight"))
        kind = tensor("embeddings.token_type_embeddings.weight")[0]  # every text is one sentence
        places = self.constant("places", tensor("embeddings.position_embeddings.weight") + kind)
        of_words = self.node("Gather", [words, "tokens"], "embedded.words")
        of_places = self.node("Gather", [places, self._span()], "embedded.places")
        added = self.node("Add", [of_words, of_places], "embedded.added")
        return self._norm(added, "embeddings.LayerNorm", "embedded")

    # -- a layer -------------------------------------------------------------------------------------
    def _layer(self, x: str, bias: str, name: str) -> str:
        attended = self._linear(self._attention(x, bias, name), f"{name}.attention.output.dense")
        mid = self.node("Add", [x, attended], f"{name}.mid.added")
        mid = self._norm(mid, f"{name}.attention.output.LayerNorm", f"{name}.mid")
        fed = self._gelu(self._linear(mid, f"{name}.intermediate.dense"), name)
        fed = self._linear(fed, f"{name}.output.dense")
        end = self.node("Add", [mid, fed], f"{name}.end.added")
        return self._norm(end, f"{name}.output.LayerNorm", f"{name}.end")

    def _attention(self, x: str, bias: str, name: str) -> str:
        """(B, S, D) of all heads beside each other."""
        size = self._model.width // self._model.heads
        split = self._whole("heads.apart", [0, 0, self._model.heads, size])
        queries, keys, values = (
            self.node(
                "Reshape", [self._linear(x, f"{name}.attention.self.{part}"), split], f"{name}.{part}.heads"
            )
            for part in ("query", "key", "value")
        )
        queries = self.node("Transpose", [queries], f"{name}.queries", perm=[0, 2, 1, 3])  # (B, H, S, d)
        keys = self.node("Transpose", [keys], f"{name}.keys", perm=[0, 2, 3, 1])  # (B, H, d, S)
        values = self.node("Transpose", [values], f"{name}.values", perm=[0, 2, 1, 3])
        scale = self._number("attention.scale", size**-0.5)
        products = self.node("MatMul", [queries, keys], f"{name}.products")  # (B, H, S, S)
        scaled = self.node("Mul", [products, scale], f"{name}.scaled")
        biased = self.node("Add", [scaled, bias], f"{name}.biased")
        shares = self.node("Softmax", [biased], f"{name}.shares", axis=-1)
        mixed = self.node("MatMul", [shares, values], f"{name}.mixed")
        back = self.node("Transpose", [mixed], f"{name}.mixed.back", perm=[0, 2, 1, 3])
        return self.node(
            "Reshape", [back, self._whole("heads.together", [0, 0, self._model.width])], f"{name}.mixed.flat"
        )

    def _linear(self, x: str, name: str) -> str:
        weight = self.constant(f"{name}.weight", self._model.tensor(f"{name}.weight").T)
        product = self.node("MatMul", [x, weight], f"{name}.product")
        return self.node(
            "Add", [product, self.constant(f"{name}.bias", self._model.tensor(f"{name}.bias"))], name
        )

    def _gelu(self, x: str, name: str) -> str:
        """The exact one, by the error function, spelled as runtimes recognise it."""
        small = self.node("Div", [x, self._number("root.two", 2**0.5)], f"{name}.gelu.small")
        error = self.node("Erf", [small], f"{name}.gelu.error")
        shifted = self.node("Add", [error, self._number("number.one", 1.0)], f"{name}.gelu.shifted")
        product = self.node("Mul", [x, shifted], f"{name}.gelu.product")
        return self.node("Mul", [product, self._number("half", 0.5)], f"{name}.gelu")

    def _norm(self, x: str, name: str, out: str) -> str:
        gain = self.constant(f"{name}.weight", self._model.tensor(f"{name}.weight"))
        shift = self.constant(f"{name}.bias", self._model.tensor(f"{name}.bias"))
        return self.node("LayerNormalization", [x, gain, shift], out, axis=-1, epsilon=self._model.epsilon)

    # -- behind --------------------------------------------------------------------------------------
    def _pooled(self, x: str, there: str) -> str:
        """(B, D): the mean over the tokens that are there, of length 1."""
        weights = self.node("Cast", [there], "pool.there", to=TensorProto.FLOAT)
        column = self.node("Unsqueeze", [weights, self._whole("axis.two", [2])], "pool.column")
        kept = self.node("Mul", [x, column], "pool.kept")
        # Its length is what is divided by in the end: whether a sum or a mean is scaled to 1 is the same.
        total = self.node("ReduceSum", [kept, self._whole("axis.one", [1])], "pool.total", keepdims=0)
        length = self.node("ReduceL2", [total, self._whole("axis.last", [-1])], "pool.length", keepdims=1)
        return self.node("Div", [total, length], "vectors")

    def _whole(self, name: str, number: Any) -> str:
        return self.constant(name, np.array(number, np.int64))

    def _number(self, name: str, number: Any) -> str:
        return self.constant(name, np.array(number, np.float32))
