"""Reads a folder as transformers writes it: ``config.json``, ``*.safetensors``, ``tokenizer.json``.

Nothing in it is executed: weights that are pickled (``.bin``, ``.pth``) and models with code of their own are refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import ml_dtypes  # noqa: F401  (teaches numpy bfloat16, which safetensors asks it for)
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from pressroom.adapters.models.blocks import BLOCK, EightBit, FourBit, round_to_eight_bit
from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.files import read_json, sha256_of_files
from pressroom.adapters.models.geometry import Geometry
from pressroom.adapters.models.hf_geometry import hf_geometry, text_config
from pressroom.adapters.models.hf_tokenizer import tokenizer_from_folder
from pressroom.adapters.models.reference import reference_logits
from pressroom.adapters.models.tokenizer_parts import TokenizerParts
from pressroom.adapters.models.weights import EMBEDDING, HEAD, LAST_NORM, check_tensors

CONFIG, INDEX = "config.json", "model.safetensors.index.json"

_DTYPES = ("F32", "F16", "BF16")
_PREFIXES = ("model.", "language_model.model.", "model.language_model.")
_TOP = {EMBEDDING: "embed_tokens.weight", LAST_NORM: "norm.weight"}
_HEADS = ("lm_head.weight", "language_model.lm_head.weight")
_OF_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
# Gemma's norms: four a layer, and their weights are what is added to 1.
_OF_GEMMA = {
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}


class FolderModel:
    """An opened folder. Raises ``UnsupportedModel`` for one that is no decoder of a known shape."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = read_json(path / CONFIG)
        self._tensors = dict(_tensors(path))
        self._prefix = self._prefix_of()
        self._gemma = str(text_config(self.config).get("model_type", "")).startswith("gemma")
        embedding = self._tensors[f"{self._prefix}{_TOP[EMBEDDING]}"]
        self.geometry: Geometry = hf_geometry(self.config, self._sizes(embedding)[0])
        self._stored = dict(self._names())
        check_tensors(self, path.name)

    @property
    def files(self) -> list[Path]:
        """What was read, in the order of names."""
        return sorted({file for file, _ in self._tensors.values()} | {self.path / CONFIG})

    def sha256(self) -> str:
        """Of all the weights' files and the config: their names and what each hashes to."""
        return sha256_of_files(self.files)

    @property
    def context(self) -> int:
        return self.geometry.context

    def logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        return reference_logits(self, tokens)

    def tokenizer(self) -> TokenizerParts:
        return tokenizer_from_folder(self.path, self.config)

    def has(self, name: str) -> bool:
        return name in self._stored

    def shape(self, name: str) -> tuple[int, ...]:
        """(N, K) of a matrix, (N,) of a vector."""
        tensor, rows = self._stored[name]
        first, *rest = self._sizes(self._tensors[tensor])
        return (len(range(first)[rows]), *rest)

    def dense(self, name: str) -> NDArray[np.float32]:
        """The tensor in float32."""
        tensor, rows = self._stored[name]
        file, stored = self._tensors[tensor]
        with safe_open(file, framework="np") as opened:
            values = np.asarray(opened.get_slice(stored)[rows], np.float32)
        return values + 1 if self._gemma and name.endswith("norm.weight") else values

    def four_bit(self, name: str) -> FourBit | None:
        """None: these weights have no blocks of their own."""
        return None

    def eight_bit(self, name: str) -> EightBit | None:
        """The matrix rounded to 8-bit blocks; None if K is no multiple of 32."""
        return None if self.shape(name)[1] % BLOCK else round_to_eight_bit(self.dense(name))

    # -- names ---------------------------------------------------------------------------------------

    def _prefix_of(self) -> str:
        for prefix in _PREFIXES:
            if f"{prefix}{_TOP[EMBEDDING]}" in self._tensors:
                return prefix
        raise UnsupportedModel(
            f"{self.path.name} holds no {_PREFIXES[0]}{_TOP[EMBEDDING]}: it is no decoder of text, or an adapter to one."
        )

    def _names(self) -> Iterator[tuple[str, tuple[str, slice]]]:
        """Our name of each tensor, and where its rows are."""
        everything = slice(None)
        for ours, theirs in _TOP.items():
            yield from self._if_there(ours, f"{self._prefix}{theirs}", everything)
        for head in _HEADS:
            yield from self._if_there(HEAD, head, everything)
        parts = {**_OF_LAYER, **(_OF_GEMMA if self._gemma else {})}
        size = self.geometry
        attended, shared = size.heads * size.head_size, size.kv_heads * size.head_size
        for layer in range(size.layers):
            ours, theirs = f"blk.{layer}", f"{self._prefix}layers.{layer}"
            for kind in ("weight", "bias"):
                for part, stored in parts.items():
                    yield from self._if_there(
                        f"{ours}.{part}.{kind}", f"{theirs}.{stored}.{kind}", everything
                    )
                whole = f"{theirs}.self_attn.qkv_proj.{kind}"
                for part, first, count in (
                    ("q", 0, attended),
                    ("k", attended, shared),
                    ("v", attended + shared, shared),
                ):
                    yield from self._if_there(
                        f"{ours}.attn_{part}.{kind}", whole, slice(first, first + count)
                    )
                whole = f"{theirs}.mlp.gate_up_proj.{kind}"
                yield from self._if_there(f"{ours}.ffn_gate.{kind}", whole, slice(0, size.hidden))
                yield from self._if_there(f"{ours}.ffn_up.{kind}", whole, slice(size.hidden, None))

    def _if_there(self, ours: str, theirs: str, rows: slice) -> Iterator[tuple[str, tuple[str, slice]]]:
        if theirs in self._tensors:
            yield ours, (theirs, rows)

    def _sizes(self, at: tuple[Path, str]) -> list[int]:
        file, stored = at
        with safe_open(file, framework="np") as opened:
            part = opened.get_slice(stored)
            if (kind := part.get_dtype()) not in _DTYPES:
                raise UnsupportedModel(
                    f"{file.name}: {stored!r} has the type {kind}. Supported: {', '.join(_DTYPES)}."
                )
            sizes: list[int] = part.get_shape()
            return sizes


def _tensors(folder: Path) -> Iterator[tuple[str, tuple[Path, str]]]:
    """Each tensor's name, the file that it lies in, and its name there."""
    for file in _files(folder):
        try:
            with safe_open(file, framework="np") as opened:
                for name in opened.keys():  # noqa: SIM118  (it is no mapping)
                    yield name, (file, name)
        except (SafetensorError, OSError) as error:
            raise UnsupportedModel(f"{file} cannot be read ({error}). Download it again.") from error


def _files(folder: Path) -> list[Path]:
    if (folder / INDEX).is_file():
        named: Mapping[str, str] = read_json(folder / INDEX).get("weight_map") or {}
        files = [
            folder / Path(name).name for name in sorted(set(named.values()))
        ]  # no path leads out of the folder
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise UnsupportedModel(
                f"{folder} lacks {', '.join(missing)}, which its index names. Download it again."
            )
        return files
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UnsupportedModel(
            f"{folder} holds no *.safetensors. Weights that are pickled (.bin, .pth) are not read, since they run "
            "code; save the model anew with transformers."
        )
    return files
