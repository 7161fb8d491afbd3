"""Reads a GGUF file: its tensors in the forms the graph needs.

GGUF keeps a tensor's shape innermost first; here every matrix is ``(N, K)``: N outputs, K inputs.
Quantised tensors come in blocks of 32 inputs with their own scale. The layouts are those of
``ggml`` (ggml-quants.c): Q4_0 ``w = d (q - 8)``, Q4_1 ``w = d q + m``, Q8_0 ``w = d q``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType as Quant
from gguf import GGUFReader
from gguf.quants import dequantize
from numpy.typing import NDArray

from pressroom.adapters.models.blocks import BLOCK, EightBit, FourBit, round_to_eight_bit
from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.geometry import Geometry
from pressroom.adapters.models.gguf_geometry import gguf_geometry
from pressroom.adapters.models.gguf_tokenizer import tokenizer_from_gguf
from pressroom.adapters.models.reference import reference_logits
from pressroom.adapters.models.tokenizer_parts import TokenizerParts
from pressroom.adapters.models.weights import check_tensors

_PLAIN = (Quant.F32, Quant.F16, Quant.BF16)


class GgufModel:
    """An opened GGUF file. Raises ``UnsupportedModel`` for one that is no decoder of a known shape."""

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
        self.geometry = gguf_geometry(self.metadata, self._tensors)
        self._fused = _fused(self.geometry, self._tensors)
        check_tensors(self, path.name)
        self._check_types()

    def has(self, name: str) -> bool:
        return name in self._tensors or name in self._fused

    def type_of(self, name: str) -> str:
        """The tensor's ggml type, e.g. ``Q4_1``."""
        return str(self._stored(name)[0].tensor_type.name)

    def shape(self, name: str) -> tuple[int, ...]:
        """(N, K) of a matrix, (N,) of a vector."""
        tensor, rows = self._stored(name)
        first, *rest = (int(size) for size in reversed(tensor.shape))
        return (len(range(first)[rows]), *rest)

    def dense(self, name: str) -> NDArray[np.float32]:
        """The tensor in float32, whatever its type."""
        tensor, rows = self._stored(name)
        values = dequantize(tensor.data, tensor.tensor_type)
        whole = np.asarray(values, np.float32).reshape([int(size) for size in reversed(tensor.shape)])
        return whole[rows]

    def four_bit(self, name: str) -> FourBit | None:
        """The tensor's own 4-bit blocks, without loss; None if it has none."""
        tensor, rows = self._stored(name)
        if tensor.tensor_type not in (Quant.Q4_0, Quant.Q4_1):
            return None
        with_min = tensor.tensor_type == Quant.Q4_1
        head = 4 if with_min else 2
        blocks = tensor.data.reshape(int(tensor.shape[1]), -1, head + BLOCK // 2)[rows]
        scale = _half(blocks[..., 0:2])
        packed = blocks[..., head:]
        # Low nibbles are inputs 0..15 of the block, high nibbles 16..31.
        q = np.concatenate([packed & 15, packed >> 4], axis=-1)
        shift = _half(blocks[..., 2:4]) + 8 * scale if with_min else None
        return FourBit(q, scale, shift)

    def eight_bit(self, name: str) -> EightBit | None:
        """The tensor in 8-bit blocks: exact from Q8_0, else rounded; None if K is no multiple of 32."""
        tensor, rows = self._stored(name)
        if self.shape(name)[1] % BLOCK:
            return None
        if tensor.tensor_type == Quant.Q8_0:
            blocks = tensor.data.reshape(int(tensor.shape[1]), -1, 2 + BLOCK)[rows]
            q = (blocks[..., 2:].view(np.int8).astype(np.int16) + 128).astype(np.uint8)
            scale = _half(blocks[..., :2])
            return EightBit(q, scale, np.full(scale.shape, 128, np.uint8))
        return round_to_eight_bit(self.dense(name))

    @property
    def context(self) -> int:
        return self.geometry.context

    def logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        return reference_logits(self, tokens)

    def tokenizer(self) -> TokenizerParts:
        return tokenizer_from_gguf(self.metadata)

    def _stored(self, name: str) -> tuple[Any, slice]:
        """The tensor that holds ``name``, and its rows in it: some models store several matrices as one."""
        whole, rows = self._fused.get(name, (name, slice(None)))
        return self._tensors[whole], rows

    def _check_types(self) -> None:
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


def _half(raw: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(..., 2) bytes to (...) float32."""
    return np.ascontiguousarray(raw).view(np.float16)[..., 0].astype(np.float32)


def _fused(size: Geometry, tensors: Mapping[str, Any]) -> dict[str, tuple[str, slice]]:
    """Matrices that lie above each other in one tensor, as Phi-3 has them: q, k and v; gate and up."""
    attended, shared = size.heads * size.head_size, size.kv_heads * size.head_size
    parts: dict[str, tuple[str, slice]] = {}
    for layer in range(size.layers):
        name = f"blk.{layer}"
        if (whole := f"{name}.attn_qkv.weight") in tensors:
            for part, first, count in (
                ("q", 0, attended),
                ("k", attended, shared),
                ("v", attended + shared, shared),
            ):
                parts[f"{name}.attn_{part}.weight"] = (whole, slice(first, first + count))
        if (whole := f"{name}.ffn_up.weight") in tensors and f"{name}.ffn_gate.weight" not in tensors:
            parts[f"{name}.ffn_gate.weight"] = (whole, slice(0, size.hidden))
            parts[f"{name}.ffn_up.weight"] = (whole, slice(size.hidden, None))
    return parts
