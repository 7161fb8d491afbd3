"""A random llama-like model of 2 layers as a GGUF file: the whole build and engine in well under a second."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize
from numpy.typing import NDArray

from pressroom.engines.text.detokenizer import characters_of_bytes

WIDTH, HEADS, KV_HEADS, HEAD_SIZE, HIDDEN, LAYERS, CONTEXT = 128, 4, 2, 32, 96, 2, 512
BASE, EPSILON = 10_000.0, 1e-5
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = ("h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "l d", "Ġwor ld")
TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_NORMAL, _CONTROL = 1, 3


def vocabulary() -> list[str]:
    """Three control tokens, the 256 bytes, and the merged pieces."""
    merged = [merge.replace(" ", "") for merge in MERGES]
    return [*CONTROL, *(characters_of_bytes()[byte] for byte in range(256)), *merged]


def tiny_weights(
    architecture: str = "llama", *, tied: bool = True, seed: int = 7
) -> dict[str, NDArray[np.float32]]:
    """Every tensor by its GGUF name, (N, K) float32."""
    dice = np.random.default_rng(seed)
    vocab = len(vocabulary())

    def matrix(rows: int, columns: int, gain: float = 1.0) -> NDArray[np.float32]:
        return np.asarray(dice.normal(size=(rows, columns)) * gain / np.sqrt(columns), np.float32)

    def vector(size: int) -> NDArray[np.float32]:
        return (1 + 0.1 * dice.normal(size=size)).astype(np.float32)

    weights = {"token_embd.weight": matrix(vocab, WIDTH, 4.0), "output_norm.weight": vector(WIDTH)}
    if not tied:
        weights["output.weight"] = matrix(vocab, WIDTH, 4.0)
    for layer in range(LAYERS):
        parts = {
            "attn_norm": vector(WIDTH),
            "attn_q": matrix(HEADS * HEAD_SIZE, WIDTH, 2.0),
            "attn_k": matrix(KV_HEADS * HEAD_SIZE, WIDTH, 2.0),
            "attn_v": matrix(KV_HEADS * HEAD_SIZE, WIDTH, 2.0),
            "attn_output": matrix(WIDTH, HEADS * HEAD_SIZE),
            "ffn_norm": vector(WIDTH),
            "ffn_gate": matrix(HIDDEN, WIDTH),
            "ffn_up": matrix(HIDDEN, WIDTH),
            "ffn_down": matrix(WIDTH, HIDDEN),
        }
        weights.update({f"blk.{layer}.{name}.weight": value for name, value in parts.items()})
        if architecture == "qwen2":
            for name in ("attn_q", "attn_k", "attn_v"):
                rows = len(parts[name])
                weights[f"blk.{layer}.{name}.bias"] = dice.normal(size=rows).astype(np.float32)
    return weights


def write_tiny_gguf(
    path: Path,
    *,
    architecture: str = "llama",
    kind: str = "F32",
    tied: bool = True,
    weights: Mapping[str, NDArray[np.float32]] | None = None,
    without: tuple[str, ...] = (),
    context: int = CONTEXT,
    languages: tuple[str, ...] = (),
    **metadata: Any,
) -> Path:
    """Write the file; matrices in the ggml type ``kind``, the embedding in Q8_0 if that is quantised.

    ``context`` in tokens; ``languages`` that it says it speaks; ``without`` leaves tensors out; ``metadata`` replaces string fields, ``general__x`` for ``general.x``.
    """
    writer = GGUFWriter(path, architecture)
    writer.add_name("Tiny")
    writer.add_block_count(LAYERS)
    writer.add_context_length(context)
    if languages:
        writer.add_languages(list(languages))
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_freq_base(BASE)
    spoken = {name: metadata.pop(name) for name in ("tokenizer", "pre", "template") if name in metadata}
    write_vocabulary(writer, **spoken)
    for key, value in metadata.items():
        writer.add_string(key.replace("__", "."), value)
    for name, value in (weights or tiny_weights(architecture, tied=tied)).items():
        if name in without:
            continue
        if value.ndim == 1 or kind == "F32":
            writer.add_tensor(name, value)
            continue
        wanted = GGMLQuantizationType[kind]
        if name == "token_embd.weight" and wanted.name.startswith("Q4"):
            wanted = GGMLQuantizationType.Q8_0
        writer.add_tensor(name, quantize(value, wanted), raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_vocabulary(
    writer: GGUFWriter, *, tokenizer: str = "gpt2", pre: str = "smollm", template: str = TEMPLATE
) -> None:
    """The tokenizer's part of the metadata; an empty ``template`` is left out."""
    tokens = vocabulary()
    writer.add_tokenizer_model(tokenizer)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([_CONTROL if token in CONTROL else _NORMAL for token in tokens])
    writer.add_token_merges(list(MERGES))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    if template:
        writer.add_chat_template(template)
