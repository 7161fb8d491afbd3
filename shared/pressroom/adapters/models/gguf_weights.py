"""Reads a GGUF file: the decoder's geometry, and its tensors in the forms the graph needs.

GGUF keeps a tensor's shape innermost first; here every matrix is ``(N, K)``: N outputs, K inputs.
Quantised tensors come in blocks of 32 inputs with their own scale. The layouts are those of
``ggml`` (ggml-quants.c): Q4_0 ``w = d (q - 8)``, Q4_1 ``w = d q + m``, Q8_0 ``w = d q``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from gguf import GGMLQuantizationType as Quant
from gguf import GGUFReader
from gguf.quants import dequantize
from numpy.typing import NDArray

from pressroom.adapters.models.errors import UnsupportedModel

BLOCK = 32
ARCHITECTURES = ("llama", "qwen2")

_PLAIN = (Quant.F32, Quant.F16, Quant.BF16)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes of a llama-like decoder. ``rotary_halves``: q and k rows lie as two halves, not in pairs."""

    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_size: int
    hidden: int
    vocab: int
    epsilon: float
    rope_base: float
    rope_scale: float
    context: int
    rotary_halves: bool


@dataclass(frozen=True, slots=True)
class FourBit:
    """``w = scale * (q - 8) + shift``; q (N, K/32, 32) uint8 below 16, scale and shift (N, K/32) float32.

    ``shift`` is None where it is zero everywhere (Q4_0).
    """

    q: NDArray[np.uint8]
    scale: NDArray[np.float32]
    shift: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class EightBit:
    """``w = scale * (q - zero)``; q (N, K/32, 32) uint8, scale (N, K/32) float32, zero (N, K/32) uint8."""

    q: NDArray[np.uint8]
    scale: NDArray[np.float32]
    zero: NDArray[np.uint8]


class Weights(Protocol):
    """A decoder's tensors by their GGUF names."""

    @property
    def geometry(self) -> Geometry: ...
    def has(self, name: str) -> bool: ...
    def shape(self, name: str) -> tuple[int, ...]: ...
    def dense(self, name: str) -> NDArray[np.float32]: ...
    def four_bit(self, name: str) -> FourBit | None: ...
    def eight_bit(self, name: str) -> EightBit | None: ...


class GgufModel:
    """An opened GGUF file. Raises ``UnsupportedModel`` for one that is no llama-like decoder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            reader = GGUFReader(path)
        except (OSError, ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
            raise UnsupportedModel(
                f"{path} is not a readable GGUF file ({error}). Check the download."
            ) from error
        self.metadata: dict[str, Any] = {name: field.contents() for name, field in reader.fields.items()}
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}
        self.geometry = _geometry(self.metadata, self._tensors)
        self._check_tensors()

    def has(self, name: str) -> bool:
        return name in self._tensors

    def type_of(self, name: str) -> str:
        """The tensor's ggml type, e.g. ``Q4_1``."""
        return str(self._tensors[name].tensor_type.name)

    def shape(self, name: str) -> tuple[int, ...]:
        """(N, K) of a matrix, (N,) of a vector."""
        return tuple(int(size) for size in reversed(self._tensors[name].shape))

    def dense(self, name: str) -> NDArray[np.float32]:
        """The tensor in float32, whatever its type."""
        tensor = self._tensors[name]
        values = dequantize(tensor.data, tensor.tensor_type)
        return np.asarray(values, np.float32).reshape(self.shape(name))

    def four_bit(self, name: str) -> FourBit | None:
        """The tensor's own 4-bit blocks, without loss; None if it has none."""
        tensor = self._tensors[name]
        if tensor.tensor_type not in (Quant.Q4_0, Quant.Q4_1):
            return None
        rows, _ = self.shape(name)
        with_min = tensor.tensor_type == Quant.Q4_1
        head = 4 if with_min else 2
        blocks = tensor.data.reshape(rows, -1, head + BLOCK // 2)
        scale = _half(blocks[..., 0:2])
        packed = blocks[..., head:]
        # Low nibbles are inputs 0..15 of the block, high nibbles 16..31.
        q = np.concatenate([packed & 15, packed >> 4], axis=-1)
        shift = _half(blocks[..., 2:4]) + 8 * scale if with_min else None
        return FourBit(q, scale, shift)

    def eight_bit(self, name: str) -> EightBit | None:
        """The tensor in 8-bit blocks: exact from Q8_0, else rounded; None if K is no multiple of 32."""
        rows, columns = self.shape(name)
        if columns % BLOCK:
            return None
        tensor = self._tensors[name]
        if tensor.tensor_type == Quant.Q8_0:
            blocks = tensor.data.reshape(rows, -1, 2 + BLOCK)
            q = (blocks[..., 2:].view(np.int8).astype(np.int16) + 128).astype(np.uint8)
            scale = _half(blocks[..., :2])
            return EightBit(q, scale, np.full(scale.shape, 128, np.uint8))
        return _round_to_eight_bit(self.dense(name))

    def _check_tensors(self) -> None:
        wanted = ["token_embd.weight", "output_norm.weight"]
        for layer in range(self.geometry.layers):
            wanted += [f"blk.{layer}.{part}.weight" for part in LAYER_PARTS]
        missing = [name for name in wanted if name not in self._tensors]
        if missing:
            raise UnsupportedModel(
                f"{self.path.name} lacks the tensor {missing[0]!r} (and {len(missing) - 1} more) of a dense "
                f"{' or '.join(ARCHITECTURES)} decoder; mixtures of experts and split files are not supported."
            )
        for name, tensor in self._tensors.items():
            if tensor.tensor_type in _PLAIN:
                continue
            try:
                dequantize(tensor.data[:1], tensor.tensor_type)
            except (NotImplementedError, KeyError, ValueError) as error:
                raise UnsupportedModel(
                    f"{self.path.name}: tensor {name!r} has the type {tensor.tensor_type.name}, which cannot be "
                    "read. Supported: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 and the K and IQ types."
                ) from error


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


def _geometry(metadata: dict[str, Any], tensors: dict[str, Any]) -> Geometry:
    architecture = str(metadata.get("general.architecture", "?"))
    if architecture not in ARCHITECTURES:
        raise UnsupportedModel(
            f"The architecture {architecture!r} is not supported. Supported: {', '.join(ARCHITECTURES)}."
        )

    def need(key: str) -> Any:
        try:
            return metadata[f"{architecture}.{key}"]
        except KeyError:
            raise UnsupportedModel(
                f"The GGUF metadata lacks {architecture}.{key}. Convert the model again with a current converter."
            ) from None

    def maybe(key: str, default: Any) -> Any:
        return metadata.get(f"{architecture}.{key}", default)

    if maybe("expert_count", 0):
        raise UnsupportedModel("A mixture of experts is not supported, only dense decoders.")
    width, heads = int(need("embedding_length")), need("attention.head_count")
    kv_heads = maybe("attention.head_count_kv", heads)
    if not isinstance(heads, int) or not isinstance(kv_heads, int):
        raise UnsupportedModel("Layers with different head counts are not supported.")
    head_size = int(maybe("attention.key_length", width // heads))
    if int(maybe("attention.value_length", head_size)) != head_size:
        raise UnsupportedModel("Keys and values of different sizes are not supported.")
    if int(maybe("rope.dimension_count", head_size)) != head_size or head_size % 8:
        raise UnsupportedModel("Rotary embedding over a part of the head is not supported.")
    scaling = str(maybe("rope.scaling.type", "none"))
    if scaling not in ("none", "linear"):
        raise UnsupportedModel(f"The rope scaling {scaling!r} is not supported. Supported: none, linear.")
    context = int(need("context_length"))
    # Inside its window a model with sliding-window attention is an ordinary one.
    context = min(context, int(maybe("attention.sliding_window", 0)) or context)
    return Geometry(
        architecture=architecture,
        layers=int(need("block_count")),
        width=width,
        heads=heads,
        kv_heads=kv_heads,
        head_size=head_size,
        hidden=int(need("feed_forward_length")),
        vocab=int(tensors["token_embd.weight"].shape[1]) if "token_embd.weight" in tensors else 0,
        epsilon=float(need("attention.layer_norm_rms_epsilon")),
        rope_base=float(maybe("rope.freq_base", 10_000.0)),
        rope_scale=float(maybe("rope.scaling.factor", 1.0)) if scaling == "linear" else 1.0,
        context=context,
        rotary_halves=architecture != "llama",
    )


def _half(raw: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(..., 2) bytes to (...) float32."""
    return np.ascontiguousarray(raw).view(np.float16)[..., 0].astype(np.float32)


def _round_to_eight_bit(weights: NDArray[np.float32]) -> EightBit:
    """Nearest of 256 levels between each block's minimum and maximum; zero itself is always a level."""
    rows, columns = weights.shape
    blocks = weights.reshape(rows, columns // BLOCK, BLOCK)
    low = np.minimum(blocks.min(-1), 0)
    high = np.maximum(blocks.max(-1), 0)
    scale = (high - low) / np.float32(255)
    scale[scale == 0] = 1
    zero = np.clip(np.rint(-low / scale), 0, 255)
    q = np.clip(np.rint(blocks / scale[..., None]) + zero[..., None], 0, 255)
    return EightBit(q.astype(np.uint8), scale.astype(np.float32), zero.astype(np.uint8))
