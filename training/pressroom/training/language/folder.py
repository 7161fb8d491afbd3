"""A trained language model as a folder that ``pressroom models import`` takes, and the proof that it is the same function.

config.json, model.safetensors, tokenizer.json, tokenizer_config.json
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from pressroom.adapters.models.hf_weights import FolderModel
from pressroom.adapters.models.recurrent import RecurrentModel
from pressroom.training.exporting.errors import ParityBroken
from pressroom.training.language.gpt import EPSILON, THETA, Gpt
from pressroom.training.language.lstm import Lstm
from pressroom.training.language.tokens import write_tokenizer
from pressroom.training.text.vocabulary import BEGIN, END

MODEL, SAMPLES = "model", "samples.txt"
"""Names in a run's folder: the folder to import, and texts that it wrote."""

LSTM_CONTEXT = 2048
"""Tokens that an LSTM may be given: its state does not grow, so this bounds the work alone."""

TOLERANCE = 1e-4
_PLACES = 48


def write_folder(network: Lstm | Gpt, tokenizer: Tokenizer, folder: Path) -> float:
    """Write it, and hold the import's own logits against the network's: the largest difference. Raises ``ParityBroken``."""
    folder.mkdir(parents=True, exist_ok=True)
    ends = {"bos_token_id": tokenizer.token_to_id(BEGIN), "eos_token_id": tokenizer.token_to_id(END)}
    config = {**(_lstm(network) if isinstance(network, Lstm) else _llama(network)), **ends}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    prefix = "" if isinstance(network, Lstm) else "model."
    weights = {f"{prefix}{name}": value.contiguous() for name, value in network.state_dict().items()}
    save_file(weights, folder / "model.safetensors")
    write_tokenizer(tokenizer, folder)
    return require_same(network, folder)


@torch.no_grad()
def require_same(network: Lstm | Gpt, folder: Path) -> float:
    """Largest |folder - torch| / max(1, |torch|) of the logits behind some tokens. Raises ``ParityBroken``."""
    network.eval()
    dice = np.random.default_rng(0)
    places = _PLACES if isinstance(network, Lstm) else min(_PLACES, network.config.context)
    tokens = dice.integers(0, network.config.vocabulary, places)
    model = RecurrentModel(folder) if isinstance(network, Lstm) else FolderModel(folder)
    want = network(torch.from_numpy(tokens)[None])[0].numpy()  # (T, V)
    got = model.logits(tokens.tolist())
    difference = float(np.max(np.abs(got - want) / np.maximum(1, np.abs(want))))
    if not difference <= TOLERANCE:
        raise ParityBroken(f"{folder} differs from its network by {difference:.2e}: do not import it.")
    return difference


def _lstm(network: Lstm) -> Mapping[str, Any]:
    return {"model_type": "lstm", "num_layers": network.config.layers, "context": LSTM_CONTEXT}


def _llama(network: Gpt) -> Mapping[str, Any]:
    config = network.config
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "intermediate_size": config.feed,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.heads,
        "head_dim": config.width // config.heads,
        "max_position_embeddings": config.context,
        "rms_norm_eps": EPSILON,
        "rope_theta": THETA,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
    }
