"""What a build needs of a model's file, whatever its format: tensors by name, and the tokenizer's parts.

Names are GGUF's. Every matrix is ``(N, K)``: N outputs, K inputs. Of a layer there are

    attn_norm  attn_q attn_k attn_v  attn_output  ffn_norm  ffn_gate ffn_up ffn_down
    and in some models  attn_q_norm attn_k_norm (hd)  post_attention_norm post_ffw_norm (D)  biases
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.blocks import EightBit, FourBit
from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.geometry import Geometry
from pressroom.adapters.models.tokenizer_parts import TokenizerParts

EMBEDDING = "token_embd.weight"
LAST_NORM = "output_norm.weight"
HEAD = "output.weight"
LAYER_PARTS = (
    "attn_norm",
    "attn_q",
    "attn_k",
    "attn_v",
    "attn_output",
    "ffn_norm",
    "ffn_gate",
    "ffn_up",
    "ffn_down",
)


class Weights(Protocol):
    """A decoder's tensors by their names."""

    @property
    def geometry(self) -> Geometry: ...
    def has(self, name: str) -> bool: ...
    def shape(self, name: str) -> tuple[int, ...]: ...
    def dense(self, name: str) -> NDArray[np.float32]: ...
    def four_bit(self, name: str) -> FourBit | None: ...
    def eight_bit(self, name: str) -> EightBit | None: ...


class Source(Protocol):
    """A published model, opened."""

    @property
    def path(self) -> Path: ...
    @property
    def context(self) -> int:
        """Most tokens that it is good for."""
        ...

    def tokenizer(self) -> TokenizerParts: ...
    def logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """(S, V) in float32, without a graph: what follows each of ``tokens`` (S,)."""
        ...


class DecoderSource(Source, Weights, Protocol):
    """A published decoder."""


def head_of(model: Weights) -> str:
    """The matrix of the logits: the embedding itself where they are tied."""
    return HEAD if model.has(HEAD) else EMBEDDING


def check_tensors(model: Weights, source: str) -> None:
    """Raises ``UnsupportedModel`` where a tensor is missing, or has another shape than the sizes say."""
    size = model.geometry
    attended, shared = size.heads * size.head_size, size.kv_heads * size.head_size
    shapes = {
        "attn_norm": (size.width,),
        "attn_q": (attended, size.width),
        "attn_k": (shared, size.width),
        "attn_v": (shared, size.width),
        "attn_output": (size.width, attended),
        "ffn_norm": (size.width,),
        "ffn_gate": (size.hidden, size.width),
        "ffn_up": (size.hidden, size.width),
        "ffn_down": (size.width, size.hidden),
    }
    wanted = {EMBEDDING: (size.vocab, size.width), LAST_NORM: (size.width,)}
    for layer in range(size.layers):
        wanted.update({f"blk.{layer}.{part}.weight": shape for part, shape in shapes.items()})
    missing = [name for name in wanted if not model.has(name)]
    if missing:
        raise UnsupportedModel(
            f"{source} lacks the tensor {missing[0]!r} (and {len(missing) - 1} more) of a dense decoder; mixtures of "
            "experts, adapters and files that are split are not supported."
        )
    for name, shape in wanted.items():
        if model.shape(name) != shape:
            raise UnsupportedModel(
                f"{source}: {name!r} is {model.shape(name)}, not {shape} as its sizes say."
            )
