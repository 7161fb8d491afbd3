"""A sentence encoder of a few thousand weights: the files that its publisher would ship, and what it says by numpy alone."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

LAYERS, HEADS, WIDTH, HIDDEN, POSITIONS = 2, 4, 16, 32, 24
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "warm", "lamp", "desk", "##s", "oak", ".")
EPSILON = 1e-12

Values = NDArray[np.float32]


def config(**changes: Any) -> dict[str, Any]:
    """``config.json``."""
    return {
        "model_type": "bert",
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "hidden_size": WIDTH,
        "intermediate_size": HIDDEN,
        "max_position_embeddings": POSITIONS,
        "layer_norm_eps": EPSILON,
        **changes,
    }


def tensors(seed: int = 0) -> dict[str, Values]:
    """By the names that transformers gives them."""
    source = np.random.default_rng(seed)
    made: dict[str, Values] = {}

    def add(name: str, *shape: int, around: float = 0.0) -> None:
        made[name] = (around + 0.3 * source.standard_normal(shape)).astype(np.float32)

    def norm(name: str) -> None:
        add(f"{name}.weight", WIDTH, around=1.0)
        add(f"{name}.bias", WIDTH)

    add("embeddings.word_embeddings.weight", len(WORDS), WIDTH)
    add("embeddings.position_embeddings.weight", POSITIONS, WIDTH)
    add("embeddings.token_type_embeddings.weight", 2, WIDTH)
    norm("embeddings.LayerNorm")
    for n in range(LAYERS):
        name = f"encoder.layer.{n}"
        dense = [
            *((f"{name}.attention.self.{part}", WIDTH, WIDTH) for part in ("query", "key", "value")),
            (f"{name}.attention.output.dense", WIDTH, WIDTH),
            (f"{name}.intermediate.dense", HIDDEN, WIDTH),
            (f"{name}.output.dense", WIDTH, HIDDEN),
        ]
        for each, rows, columns in dense:
            add(f"{each}.weight", rows, columns)
            add(f"{each}.bias", rows)
        norm(f"{name}.attention.output.LayerNorm")
        norm(f"{name}.output.LayerNorm")
    return made


def write_encoder(folder: Path, seed: int = 0, **changes: Any) -> Path:
    """``config.json``, ``tokenizer.json`` and weights in ``folder``; the weights' file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(**changes)))
    save_file(tensors(seed), folder / "model.safetensors")
    tokenizer = Tokenizer(models.WordPiece({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    # As published ones come: everything is cut and filled.
    tokenizer.enable_truncation(6)
    tokenizer.enable_padding(length=6, pad_id=0)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "model.safetensors"


def vector(ids: list[int], seed: int = 0) -> Values:
    """(D,) of one text, one token after the other: another way to the same number than the graph's."""
    given = tensors(seed)
    x = np.stack(
        [
            given["embeddings.word_embeddings.weight"][token]
            + given["embeddings.position_embeddings.weight"][place]
            + given["embeddings.token_type_embeddings.weight"][0]
            for place, token in enumerate(ids)
        ]
    ).astype(np.float64)
    x = _norm(x, given, "embeddings.LayerNorm")
    for n in range(LAYERS):
        name = f"encoder.layer.{n}"
        x = _norm(x + _attended(x, given, name), given, f"{name}.attention.output.LayerNorm")
        hidden = _dense(x, given, f"{name}.intermediate.dense")
        hidden = np.vectorize(lambda value: 0.5 * value * (1 + math.erf(value / math.sqrt(2))))(hidden)
        x = _norm(x + _dense(hidden, given, f"{name}.output.dense"), given, f"{name}.output.LayerNorm")
    mean = x.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def _attended(x: NDArray[Any], given: dict[str, Values], name: str) -> NDArray[Any]:
    size = WIDTH // HEADS
    query, key, value = (
        _dense(x, given, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
    )
    heads = []
    for head in range(HEADS):
        part = slice(head * size, (head + 1) * size)
        scores = np.exp(query[:, part] @ key[:, part].T / math.sqrt(size))
        heads.append(scores / scores.sum(axis=1, keepdims=True) @ value[:, part])
    return _dense(np.concatenate(heads, axis=1), given, f"{name}.attention.output.dense")


def _dense(x: NDArray[Any], given: dict[str, Values], name: str) -> NDArray[Any]:
    return np.asarray(x @ given[f"{name}.weight"].T + given[f"{name}.bias"])


def _norm(x: NDArray[Any], given: dict[str, Values], name: str) -> NDArray[Any]:
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    return np.asarray(scaled * given[f"{name}.weight"] + given[f"{name}.bias"])
