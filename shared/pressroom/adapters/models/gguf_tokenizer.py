"""A ``tokenizers`` tokenizer from GGUF metadata.

Two families are known: byte-level BPE (``gpt2`` in GGUF; its pre-tokenizer by name) and
SentencePiece BPE (``llama``), whose merges are not stored but follow from the scores.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Literal

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.tokenizer_parts import TokenizerParts, end_ids


class TokenType(IntEnum):
    """``tokenizer.ggml.token_type``."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def tokenizer_from_gguf(metadata: dict[str, Any]) -> TokenizerParts:
    """Raises ``UnsupportedModel`` for a tokenizer of another family, naming those that are known."""
    family = str(metadata.get("tokenizer.ggml.model", "?"))
    tokens: list[str] = metadata.get("tokenizer.ggml.tokens") or []
    if not tokens:
        raise UnsupportedModel("The GGUF file holds no vocabulary. Use a file with its tokenizer inside.")
    types = [TokenType(kind) for kind in metadata.get("tokenizer.ggml.token_type") or [1] * len(tokens)]
    pieces: Literal["byte_level", "sentencepiece"]
    if family == "gpt2":
        tokenizer = _byte_level(tokens, metadata)
        pieces = "byte_level"
    elif family == "llama":
        tokenizer = _sentencepiece(tokens, metadata)
        pieces = "sentencepiece"
    else:
        raise UnsupportedModel(
            f"The tokenizer {family!r} is not supported. Supported: gpt2 (byte-level BPE), llama (SentencePiece BPE)."
        )
    _add_tokens(tokenizer, tokens, types)
    control = {
        i: token
        for i, (token, kind) in enumerate(zip(tokens, types, strict=True))
        if kind == TokenType.CONTROL
    }
    bos_id = metadata.get("tokenizer.ggml.bos_token_id")
    declared = [metadata.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot")]
    return TokenizerParts(
        tokenizer=tokenizer,
        pieces=pieces,
        add_bos=bos_id is not None and bool(metadata.get("tokenizer.ggml.add_bos_token", family == "llama")),
        bos_id=bos_id,
        end_ids=end_ids([i for i in declared if i is not None], control),
        control_tokens=control,
        chat_template=metadata.get("tokenizer.chat_template"),
    )


def _byte_level(tokens: Sequence[str], metadata: dict[str, Any]) -> Tokenizer:
    merges = [tuple(merge.split(" ")) for merge in metadata.get("tokenizer.ggml.merges") or []]
    style = str(metadata.get("tokenizer.ggml.pre", "default"))
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = _pre_tokenizer(style)
    tokenizer.decoder = decoders.ByteLevel()
    if style == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    if style == "llama-bpe":
        tokenizer.model.ignore_merges = True
    return tokenizer


def _pre_tokenizer(style: str) -> Any:
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    if style == "smollm":
        return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), whole])
    if style in ("gpt-2", "default"):
        return whole
    patterns = {"llama-bpe": _LLAMA3, "qwen2": _QWEN2}
    if style not in patterns:
        raise UnsupportedModel(
            f"The pre-tokenizer {style!r} is not supported. Supported: smollm, gpt-2, llama-bpe, qwen2."
        )
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(patterns[style]), "isolated"), bytes_only])


def _sentencepiece(tokens: Sequence[str], metadata: dict[str, Any]) -> Tokenizer:
    scores: list[float] = metadata.get("tokenizer.ggml.scores") or []
    if len(scores) != len(tokens):
        raise UnsupportedModel("The GGUF file holds no token scores, which a SentencePiece tokenizer needs.")
    unknown = metadata.get("tokenizer.ggml.unknown_token_id")
    vocab = {token: i for i, token in enumerate(tokens)}
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocab,
            merges=_merges_from_scores(vocab, scores),
            unk_token=tokens[unknown] if unknown is not None else None,
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    steps: list[Any] = [normalizers.Replace(" ", "▁")]
    if metadata.get("tokenizer.ggml.add_space_prefix", True):
        steps.insert(0, normalizers.Prepend("▁"))
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def _merges_from_scores(vocab: dict[str, int], scores: Sequence[float]) -> list[tuple[str, str]]:
    """Every way to split a token into two others, best token first (as SentencePiece merges)."""
    merges: list[tuple[float, int, int, tuple[str, str]]] = []
    for token, i in vocab.items():
        for cut in range(1, len(token)):
            left, right = token[:cut], token[cut:]
            if left in vocab and right in vocab:
                merges.append((-scores[i], vocab[left], vocab[right], (left, right)))
    return [pair for *_, pair in sorted(merges)]


def _add_tokens(tokenizer: Tokenizer, tokens: Sequence[str], types: Sequence[TokenType]) -> None:
    pairs = list(zip(tokens, types, strict=True))
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t, kind in pairs if kind == TokenType.CONTROL]
    )
    tokenizer.add_tokens(
        [
            AddedToken(t, special=False, normalized=False)
            for t, kind in pairs
            if kind == TokenType.USER_DEFINED
        ]
    )
