"""A decoder's geometry from a ``config.json`` as transformers writes it.

A config leaves out what its class has by default, so the defaults of each class are here. Releases of transformers
name the rotary embedding differently: ``rope_parameters`` (5), or ``rope_theta`` and ``rope_scaling`` (4).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.geometry import Activation, Geometry, LayerShape, Rope, checked
from pressroom.adapters.models.rotary import llama3_factors, longrope_magnitude, plain, slower

# What the class of each ``model_type`` has where the file says nothing.
_COMMON: dict[str, Any] = {"rms_norm_eps": 1e-6, "hidden_act": "silu", "rope_theta": 10_000.0}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "llama": {"max_position_embeddings": 2048},
    "mistral": {"max_position_embeddings": 131_072, "num_key_value_heads": 8, "sliding_window": 4096},
    "qwen2": {"max_position_embeddings": 32_768, "num_key_value_heads": 32, "max_window_layers": 28},
    "qwen3": {
        "max_position_embeddings": 32_768,
        "num_key_value_heads": 32,
        "head_dim": 128,
        "max_window_layers": 28,
    },
    "gemma3_text": {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "vocab_size": 262_208,
        "max_position_embeddings": 131_072,
        "query_pre_attn_scalar": 256,
        "sliding_window": 4096,
        "sliding_window_pattern": 6,
        "rope_theta": 1_000_000.0,
        "rope_local_base_freq": 10_000.0,
        "hidden_activation": "gelu_pytorch_tanh",
    },
    "phi3": {"rms_norm_eps": 1e-5, "max_position_embeddings": 4096, "sliding_window": None},
    "smollm3": {
        "max_position_embeddings": 32_768,
        "num_key_value_heads": 4,
        "rope_theta": 2_000_000.0,
        "no_rope_layer_interval": 4,
        "max_window_layers": 28,
    },
}
MODEL_TYPES = tuple(_DEFAULTS)
# Windows are a matter of these keys, and of ``use_sliding_window`` where that is there.
_WINDOWED_IF_ASKED = ("qwen2", "qwen3", "smollm3")
_SOFT_CAPS = ("attn_logit_softcapping", "final_logit_softcapping")


def text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part that is about text: a model that sees pictures, too, keeps it in a part of its own."""
    inner: Mapping[str, Any] = config.get("text_config") or config
    return inner


def hf_geometry(config: Mapping[str, Any], vocab: int) -> Geometry:
    """``vocab``: rows of the embedding. Raises ``UnsupportedModel`` for what is no decoder of a known shape."""
    about = _About(text_config(config))
    width, heads = int(about.need("hidden_size")), int(about.need("num_attention_heads"))
    head_size = int(about.get("head_dim") or width // heads)
    layers, longest = int(about.need("num_hidden_layers")), int(about.need("max_position_embeddings"))
    ropes, context = _ropes(about, head_size, longest)
    gemma = about.kind == "gemma3_text"
    return checked(
        Geometry(
            architecture=about.kind,
            width=width,
            heads=heads,
            kv_heads=int(about.get("num_key_value_heads") or heads),
            head_size=head_size,
            hidden=int(about.need("intermediate_size")),
            vocab=vocab,
            epsilon=float(about.need("rms_norm_eps")),
            context=context,
            ropes=ropes,
            of_layer=tuple(_layers(about, layers, context)),
            score_scale=float((about.get("query_pre_attn_scalar") or head_size) ** -0.5),
            embed_scale=math.sqrt(width) if gemma else 1.0,
            activation=_activation(str(about.get("hidden_activation" if gemma else "hidden_act"))),
        )
    )


class _About:
    """A config with its class's defaults behind it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.kind = str(config.get("model_type", "?"))
        if self.kind not in _DEFAULTS:
            raise UnsupportedModel(
                f"The model type {self.kind!r} is not supported. Supported: {', '.join(_DEFAULTS)}."
            )
        self._values = {**_COMMON, **_DEFAULTS[self.kind], **config}
        if self.get("quantization_config"):
            raise UnsupportedModel(
                "These weights are quantised already, in a form that is not read here. Take the original weights, "
                "or a GGUF file of the model."
            )
        for name in _SOFT_CAPS:
            if self.get(name):
                raise UnsupportedModel(f"{name} is not supported.")
        if self.get("num_local_experts") or self.get("num_experts"):
            raise UnsupportedModel("A mixture of experts is not supported, only dense decoders.")

    def get(self, key: str) -> Any:
        return self._values.get(key)

    def need(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise UnsupportedModel(
                f"config.json lacks {key!r}. Download the model again, with all its files."
            )
        return value


def _activation(name: str) -> Activation:
    names = {"silu": Activation.SILU, "gelu_pytorch_tanh": Activation.GELU}
    if name not in names:
        raise UnsupportedModel(f"The activation {name!r} is not supported. Supported: {', '.join(names)}.")
    return names[name]


# -- layers -----------------------------------------------------------------------------------------


def _layers(about: _About, layers: int, context: int) -> Sequence[LayerShape]:
    windows = _windows(about, layers)
    turned = _turned(about, layers)
    local = about.kind == "gemma3_text"
    return [
        LayerShape(
            rope=(1 if local and window else 0) if turns else None, window=window if window < context else 0
        )
        for window, turns in zip(windows, turned, strict=True)
    ]


def _windows(about: _About, layers: int) -> list[int]:
    """Of each layer; 0: it sees all."""
    window = int(about.get("sliding_window") or 0)
    if about.kind in _WINDOWED_IF_ASKED and not about.get("use_sliding_window"):
        window = 0
    if not window:
        return [0] * layers
    if kinds := about.get("layer_types"):
        return [window if kind == "sliding_attention" else 0 for kind in kinds[:layers]]
    if about.kind == "gemma3_text":
        each = int(about.need("sliding_window_pattern"))
        return [0 if (layer + 1) % each == 0 else window for layer in range(layers)]
    if about.kind in _WINDOWED_IF_ASKED:
        first = int(about.need("max_window_layers"))
        return [window if layer >= first else 0 for layer in range(layers)]
    return [window] * layers


def _turned(about: _About, layers: int) -> list[bool]:
    if about.kind != "smollm3":
        return [True] * layers
    if (told := about.get("no_rope_layers")) is not None:  # 1: it turns
        return [bool(each) for each in told[:layers]]
    each = int(about.need("no_rope_layer_interval"))
    return [(layer + 1) % each != 0 for layer in range(layers)]


# -- rotary embeddings --------------------------------------------------------------------------------


def _ropes(about: _About, head_size: int, longest: int) -> tuple[tuple[Rope, ...], int]:
    """All that layers turn by, and the context that they are good for."""
    told = about.get("rope_parameters")
    if told and "full_attention" in told:
        full, local = dict(told["full_attention"]), dict(told["sliding_attention"])
    else:
        full = {**(about.get("rope_scaling") or {}), **(told or {})}
        local = {"rope_theta": about.get("rope_local_base_freq")}
    first, context = _rope(about, full, head_size, longest)
    if about.kind != "gemma3_text":
        return (first,), context
    return (first, _rope(about, local, head_size, longest)[0]), context


def _rope(about: _About, told: Mapping[str, Any], head_size: int, longest: int) -> tuple[Rope, int]:
    kind = str(told.get("rope_type") or told.get("type") or "default")
    share = float(told.get("partial_rotary_factor") or about.get("partial_rotary_factor") or 1.0)
    frequencies = plain(float(told.get("rope_theta") or about.need("rope_theta")), int(head_size * share))
    original = int(
        about.get("original_max_position_embeddings")
        or told.get("original_max_position_embeddings")
        or longest
    )
    if kind == "default":
        return slower(frequencies, 1.0), longest
    if kind == "linear":
        return slower(frequencies, float(told["factor"])), longest
    if kind == "llama3":
        factors = llama3_factors(
            frequencies,
            factor=float(told["factor"]),
            low=float(told["low_freq_factor"]),
            high=float(told["high_freq_factor"]),
            original_context=original,
        )
        return slower(frequencies, factors), longest
    if kind == "longrope":  # the frequencies of texts that are no longer than what it was first trained on
        magnitude = told.get("attention_factor") or longrope_magnitude(longest, original)
        return slower(frequencies, told["short_factor"], float(magnitude)), original
    raise UnsupportedModel(
        f"The rope scaling {kind!r} is not supported. Supported: default, linear, llama3, longrope."
    )
