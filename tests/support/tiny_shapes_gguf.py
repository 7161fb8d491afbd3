"""The tiny models of ``tiny_shapes`` as GGUF files, with the conventions of llama.cpp's converter.

Rows of q and k lie in pairs where its rotary embedding is of the kind "norm" (llama, Mistral as llama, SmolLM3); Phi-3
keeps its fused tensors; 1 is added to Gemma's norms. Gemma's scale of scores has no place in the format: it goes into
the norms of the queries, so that the numbers stay those that were recorded.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter, RopeScalingType
from numpy.typing import NDArray
from tests.support.tiny_gguf import write_vocabulary
from tests.support.tiny_shapes import HEAD_SIZE, HEADS, KV_HEADS, tiny_config, tiny_tensors

from pressroom.adapters.models.rotary import llama3_factors, longrope_magnitude, plain

ARCHITECTURES = {
    "llama": "llama",
    "llama3": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "gemma3": "gemma3",
    "phi3": "phi3",
    "smollm3": "smollm3",
}
_IN_PAIRS = ("llama", "smollm3")
_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.qkv_proj": "attn_qkv",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.gate_up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_OF_GEMMA = {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}


def write_shape(path: Path, shape: str) -> Path:
    """``shape``: one of ``ARCHITECTURES``."""
    architecture, config = ARCHITECTURES[shape], tiny_config(shape)
    writer = GGUFWriter(path, architecture)
    writer.add_name("Tiny")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_SIZE)
    writer.add_value_length(HEAD_SIZE)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_vocab_size(config["vocab_size"])
    write_vocabulary(writer)
    _write_rope(writer, shape, config)
    if shape in ("gemma3", "phi3"):
        writer.add_sliding_window(config["sliding_window"])
    for name, values in tiny_tensors(shape).items():
        writer.add_tensor(_name(shape, name), _values(shape, architecture, name, values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_rope(writer: GGUFWriter, shape: str, config: dict[str, Any]) -> None:
    scaling = config.get("rope_scaling") or {}
    if shape == "llama3":
        factors = llama3_factors(
            plain(config["rope_theta"], HEAD_SIZE),
            factor=scaling["factor"],
            low=scaling["low_freq_factor"],
            high=scaling["high_freq_factor"],
            original_context=scaling["original_max_position_embeddings"],
        )
        writer.add_tensor("rope_freqs.weight", factors.astype(np.float32))
    if shape == "gemma3":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    writer.add_rope_dimension_count(int(HEAD_SIZE * config.get("partial_rotary_factor", 1)))
    if shape == "phi3":
        original = config["original_max_position_embeddings"]
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(longrope_magnitude(config["max_position_embeddings"], original))
        for kind in ("short", "long"):
            writer.add_tensor(f"rope_factors_{kind}.weight", np.array(scaling[f"{kind}_factor"], np.float32))


def _name(shape: str, name: str) -> str:
    top = {
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    }
    if name in top:
        return top[name]
    _, _, layer, rest = name.split(".", 3)
    part, kind = rest.rsplit(".", 1)
    names = {**_NAMES, **(_OF_GEMMA if shape == "gemma3" else {})}
    return f"blk.{layer}.{names[part]}.{kind}"


def _values(shape: str, architecture: str, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    if shape == "gemma3" and name.endswith("norm.weight"):
        values = values + 1
    if shape == "gemma3" and name.endswith("q_norm.weight"):
        values = values * np.float32(math.sqrt(HEAD_SIZE / tiny_config(shape)["query_pre_attn_scalar"]))
    if architecture in _IN_PAIRS and (".q_proj." in name or ".k_proj." in name):
        halves = values.reshape(-1, 2, HEAD_SIZE // 2, *values.shape[1:])
        values = halves.swapaxes(1, 2).reshape(values.shape)
    return np.ascontiguousarray(values)
