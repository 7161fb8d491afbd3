"""A decoder's geometry from GGUF metadata.

What the converter to GGUF leaves unsaid is in ``_SHAPES`` and ``_gemma``: llama.cpp has it in its code, too.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from gguf.quants import dequantize

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.geometry import Activation, Geometry, LayerShape, Rope, checked
from pressroom.adapters.models.rotary import plain, slower


@dataclass(frozen=True, slots=True)
class _Shape:
    """``pairs``: rows of q and k lie as pairs. ``still``: each so-many-th layer turns nothing."""

    pairs: bool = False
    still: int = 0


_SHAPES = {
    "llama": _Shape(pairs=True),  # Mistral, too
    "qwen2": _Shape(),
    "qwen3": _Shape(),
    "gemma3": _Shape(),
    "phi3": _Shape(),
    "smollm3": _Shape(pairs=True, still=4),
}
ARCHITECTURES = tuple(_SHAPES)

# Gemma 3: five layers in six see a window, with frequencies of their own (Gemma Team 2025, section 2).
_GEMMA_FULL_EACH = 6
_GEMMA_LOCAL_BASE = 10_000.0
_GEMMA_LARGEST_LAYERS = 62  # 27B, whose scores are scaled by width / heads instead of the head's size


def gguf_geometry(metadata: Mapping[str, Any], tensors: Mapping[str, Any]) -> Geometry:
    """Raises ``UnsupportedModel`` for what is no decoder of a known shape."""
    about = _About(metadata)
    shape = _SHAPES[about.architecture]
    if about.get("expert_count", 0):
        raise UnsupportedModel("A mixture of experts is not supported, only dense decoders.")
    for what in ("attn_logit_softcapping", "final_logit_softcapping"):
        if about.get(what, 0):
            raise UnsupportedModel(f"{what} is not supported.")
    width, heads = int(about.need("embedding_length")), about.need("attention.head_count")
    kv_heads = about.get("attention.head_count_kv", heads)
    if not isinstance(heads, int) or not isinstance(kv_heads, int):
        raise UnsupportedModel("Layers with different head counts are not supported.")
    head_size = int(about.get("attention.key_length", width // heads))
    if int(about.get("attention.value_length", head_size)) != head_size:
        raise UnsupportedModel("Keys and values of different sizes are not supported.")
    layers, longest = int(about.need("block_count")), int(about.need("context_length"))
    rope = _rope(about, tensors, int(about.get("rope.dimension_count", head_size)))
    window = int(about.get("attention.sliding_window", 0) or 0)
    context = (
        int(about.get("rope.scaling.original_context_length", longest)) if _stretched(tensors) else longest
    )
    seen = window if window < context else 0
    common = Geometry(
        architecture=about.architecture,
        width=width,
        heads=heads,
        kv_heads=kv_heads,
        head_size=head_size,
        hidden=int(about.need("feed_forward_length")),
        vocab=int(tensors["token_embd.weight"].shape[1]) if "token_embd.weight" in tensors else 0,
        epsilon=float(about.need("attention.layer_norm_rms_epsilon")),
        context=context,
        ropes=(rope,),
        of_layer=tuple(_layer(shape, layer, seen) for layer in range(layers)),
        score_scale=float(head_size**-0.5),
        rotary_pairs=shape.pairs,
    )
    return checked(_gemma(common, window) if about.architecture == "gemma3" else common)


class _About:
    """The metadata of its architecture."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self._metadata = metadata
        self.architecture = str(metadata.get("general.architecture", "?"))
        if self.architecture not in _SHAPES:
            raise UnsupportedModel(
                f"The architecture {self.architecture!r} is not supported. Supported: {', '.join(_SHAPES)}."
            )

    def need(self, key: str) -> Any:
        try:
            return self._metadata[f"{self.architecture}.{key}"]
        except KeyError:
            raise UnsupportedModel(
                f"The GGUF metadata lacks {self.architecture}.{key}. Convert the model again with a current converter."
            ) from None

    def get(self, key: str, default: Any) -> Any:
        return self._metadata.get(f"{self.architecture}.{key}", default)


def _layer(shape: _Shape, layer: int, window: int) -> LayerShape:
    still = shape.still and (layer + 1) % shape.still == 0
    return LayerShape(rope=None if still else 0, window=window)


def _gemma(common: Geometry, window: int) -> Geometry:
    full = [(layer + 1) % _GEMMA_FULL_EACH == 0 for layer in range(common.layers)]
    local = Rope(tuple(plain(_GEMMA_LOCAL_BASE, common.head_size).tolist()))
    largest = common.layers == _GEMMA_LARGEST_LAYERS
    return replace(
        common,
        ropes=(*common.ropes, local),
        of_layer=tuple(LayerShape() if each else LayerShape(rope=1, window=window) for each in full),
        score_scale=float((common.width / common.heads if largest else common.head_size) ** -0.5),
        embed_scale=math.sqrt(common.width),
        activation=Activation.GELU,
    )


def _stretched(tensors: Mapping[str, Any]) -> bool:
    return "rope_factors_short.weight" in tensors


def _rope(about: _About, tensors: Mapping[str, Any], turned: int) -> Rope:
    frequencies = plain(float(about.get("rope.freq_base", 10_000.0)), turned)
    if "rope_freqs.weight" in tensors:  # Llama 3's stretching of the slow frequencies
        return slower(frequencies, _vector(tensors["rope_freqs.weight"]))
    if _stretched(tensors):  # LongRoPE: within its original context
        return slower(
            frequencies,
            _vector(tensors["rope_factors_short.weight"]),
            float(about.get("rope.scaling.attn_factor", 1.0)),
        )
    scaling = str(about.get("rope.scaling.type", "none"))
    if scaling not in ("none", "linear"):
        raise UnsupportedModel(
            f"The rope scaling {scaling!r} is not supported. Supported: none, linear, llama3, longrope."
        )
    return slower(frequencies, float(about.get("rope.scaling.factor", 1.0)) if scaling == "linear" else 1.0)


def _vector(tensor: Any) -> Any:
    return np.asarray(dequantize(tensor.data, tensor.tensor_type), np.float64).reshape(-1)
