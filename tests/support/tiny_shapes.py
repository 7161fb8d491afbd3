"""A tiny random model of every shape that can be imported, as a folder that transformers reads.

What transformers computes with them is recorded in ``tests/data/shapes`` (see ``record_shapes``): weights come from
seeded dice, and the record holds their digest.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tests.support.tiny_gguf import CONTROL, TEMPLATE, vocabulary, write_tiny_gguf

from pressroom.adapters.models.gguf_weights import GgufModel

Tensors = dict[str, NDArray[np.float32]]

RECORDS = Path(__file__).parents[1] / "data" / "shapes"
WIDTH, HEADS, KV_HEADS, HEAD_SIZE, HIDDEN, CONTEXT, WINDOW = 64, 4, 2, 32, 96, 256, 16
VOCAB = len(vocabulary())
TOKENS = [int(token) for token in np.random.default_rng(5).integers(len(CONTROL), VOCAB, 48)]

_COMMON: dict[str, Any] = {
    "vocab_size": VOCAB,
    "hidden_size": WIDTH,
    "intermediate_size": HIDDEN,
    "num_hidden_layers": 2,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "head_dim": HEAD_SIZE,
    "max_position_embeddings": CONTEXT,
    "rms_norm_eps": 1e-5,
    "bos_token_id": 1,
    "eos_token_id": [0, 2],
    "tie_word_embeddings": False,
}
_SHORT = [1.0 + 0.25 * i for i in range(HEAD_SIZE // 4)]

# What each shape's config has besides; ``rope_theta`` and ``rope_scaling`` as published files have them.
SHAPES: dict[str, dict[str, Any]] = {
    "llama": {"model_type": "llama", "rope_theta": 10_000.0},
    "llama3": {
        "model_type": "llama",
        "tie_word_embeddings": True,
        "rope_theta": 500_000.0,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    },
    "mistral": {"model_type": "mistral", "sliding_window": WINDOW, "rope_theta": 10_000.0},
    "qwen2": {
        "model_type": "qwen2",
        "hidden_size": HEADS * HEAD_SIZE,
        "tie_word_embeddings": True,
        "rope_theta": 1_000_000.0,
    },
    "qwen3": {"model_type": "qwen3", "rope_theta": 1_000_000.0, "attention_bias": False},
    "gemma3": {
        "model_type": "gemma3_text",
        "tie_word_embeddings": True,
        "num_hidden_layers": 6,
        "sliding_window": WINDOW,
        "query_pre_attn_scalar": 48,
        "rope_theta": 1_000_000.0,
        "rope_local_base_freq": 10_000.0,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0},
    },
    "phi3": {
        "model_type": "phi3",
        "hidden_size": HEADS * HEAD_SIZE,  # its class takes a head's size from this
        "sliding_window": WINDOW,
        "pad_token_id": 0,
        "partial_rotary_factor": 0.5,
        "max_position_embeddings": 2 * CONTEXT,
        "original_max_position_embeddings": CONTEXT,
        "rope_theta": 10_000.0,
        "rope_scaling": {
            "type": "longrope",
            "short_factor": _SHORT,
            "long_factor": [2 * each for each in _SHORT],
        },
    },
    "smollm3": {
        "model_type": "smollm3",
        "num_hidden_layers": 4,
        "tie_word_embeddings": True,
        "rope_theta": 2_000_000.0,
        "pad_token_id": 0,
        "no_rope_layers": [1, 1, 1, 0],
        "use_sliding_window": False,
    },
}


def tiny_config(shape: str) -> dict[str, Any]:
    return {**_COMMON, **SHAPES[shape]}


def tiny_tensors(shape: str) -> Tensors:
    """Every tensor by the name that transformers gives it, (N, K) float32."""
    config, dice = tiny_config(shape), np.random.default_rng(11)
    width = config["hidden_size"]
    gemma, fused = shape == "gemma3", shape == "phi3"

    def matrix(rows: int, columns: int, gain: float = 1.0) -> NDArray[np.float32]:
        return np.asarray(dice.normal(size=(rows, columns)) * gain / np.sqrt(columns), np.float32)

    def vector(size: int) -> NDArray[np.float32]:
        return np.asarray((0 if gemma else 1) + 0.2 * dice.normal(size=size), np.float32)

    tensors: Tensors = {
        # Gemma multiplies its embeddings by the root of the width.
        "model.embed_tokens.weight": matrix(VOCAB, width, 0.5 if gemma else 4.0),
        "model.norm.weight": vector(width),
    }
    if not config["tie_word_embeddings"]:
        tensors["lm_head.weight"] = matrix(VOCAB, width, 4.0)
    attended, shared = HEADS * HEAD_SIZE, KV_HEADS * HEAD_SIZE
    for layer in range(config["num_hidden_layers"]):
        attention, feed = f"model.layers.{layer}.self_attn", f"model.layers.{layer}.mlp"
        norms = ["input_layernorm", "post_attention_layernorm"]
        norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"] * gemma
        tensors.update({f"model.layers.{layer}.{norm}.weight": vector(width) for norm in norms})
        if fused:
            tensors[f"{attention}.qkv_proj.weight"] = matrix(attended + 2 * shared, width, 2.0)
            tensors[f"{feed}.gate_up_proj.weight"] = matrix(2 * HIDDEN, width)
        else:
            for part, rows in (("q", attended), ("k", shared), ("v", shared)):
                tensors[f"{attention}.{part}_proj.weight"] = matrix(rows, width, 2.0)
                if shape == "qwen2":
                    tensors[f"{attention}.{part}_proj.bias"] = dice.normal(size=rows).astype(np.float32)
            for part in ("gate", "up"):
                tensors[f"{feed}.{part}_proj.weight"] = matrix(HIDDEN, width)
        if shape in ("qwen3", "gemma3"):
            for part in "qk":
                tensors[f"{attention}.{part}_norm.weight"] = vector(HEAD_SIZE)
        tensors[f"{attention}.o_proj.weight"] = matrix(width, attended)
        tensors[f"{feed}.down_proj.weight"] = matrix(width, HIDDEN)
    return tensors


def digest(tensors: Mapping[str, NDArray[np.float32]]) -> str:
    whole = hashlib.sha256()
    for name in sorted(tensors):
        whole.update(name.encode() + tensors[name].tobytes())
    return whole.hexdigest()


def write_tiny_folder(folder: Path, shape: str, *, dtype: str = "float32", **changes: Any) -> Path:
    """``config.json``, ``model.safetensors`` and the tokenizer's files; ``changes`` are the config's."""
    folder.mkdir(parents=True)
    config = {**tiny_config(shape), "torch_dtype": dtype, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    save_file(
        {name: values.astype(dtype) for name, values in tiny_tensors(shape).items()},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    write_tokenizer(folder)
    return folder


def write_tokenizer(folder: Path, template: str | None = TEMPLATE) -> None:
    gguf = GgufModel(write_tiny_gguf(folder / "scratch.gguf"))
    gguf.tokenizer().tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "scratch.gguf").unlink()
    about = {"bos_token": CONTROL[1], "eos_token": {"content": CONTROL[2]}, "chat_template": template}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
