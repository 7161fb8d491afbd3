"""Tokenizers from metadata: ids by hand, control tokens, and families that are not known."""

from typing import Any

import pytest
from tests.support.tiny_gguf import CONTROL, MERGES, vocabulary

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.gguf_tokenizer import tokenizer_from_gguf


def _byte_level(**changes: Any) -> dict[str, Any]:
    tokens = vocabulary()
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.merges": list(MERGES),
        "tokenizer.ggml.token_type": [3 if token in CONTROL else 1 for token in tokens],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        **{f"tokenizer.ggml.{name}": value for name, value in changes.items()},
    }


def _pieces(text: str, **changes: Any) -> list[str]:
    pieces: list[str] = tokenizer_from_gguf(_byte_level(**changes)).tokenizer.encode(text).tokens
    return pieces


def test_merges_apply() -> None:
    assert _pieces("hello world") == ["hello", "Ġworld"]


def test_the_pre_tokenizer_decides_what_may_merge() -> None:
    merges = [*MERGES, "1 2", "12 3", "123 4"]
    tokens = [*vocabulary(), "12", "123", "1234"]
    types = [3 if token in CONTROL else 1 for token in tokens]
    changes = {"merges": merges, "tokens": tokens, "token_type": types}
    assert _pieces("1234", pre="smollm", **changes) == ["1", "2", "3", "4"]
    assert _pieces("1234", pre="qwen2", **changes) == ["1", "2", "3", "4"]
    assert _pieces("1234", pre="llama-bpe", **changes) == ["123", "4"]
    assert _pieces("1234", pre="gpt-2", **changes) == ["1234"]


def test_meanings() -> None:
    parts = tokenizer_from_gguf(_byte_level())
    assert parts.control_tokens == dict(enumerate(CONTROL))
    assert parts.end_ids == (2, 0)  # the declared one first, then <|endoftext|>
    assert (parts.bos_id, parts.add_bos, parts.pieces) == (1, False, "byte_level")


def test_sentencepiece_merges_follow_the_scores() -> None:
    tokens = ["<unk>", "<s>", "</s>", "<0xE2>", "<0x82>", "<0xAC>", "▁", "h", "i", "hi", "▁hi", "▁h"]
    scores = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -9.0, -9.0, -9.0, -1.0, -2.0, -3.0]
    parts = tokenizer_from_gguf(
        {
            "tokenizer.ggml.model": "llama",
            "tokenizer.ggml.tokens": tokens,
            "tokenizer.ggml.scores": scores,
            "tokenizer.ggml.token_type": [2, 3, 3, 6, 6, 6, 1, 1, 1, 1, 1, 1],
            "tokenizer.ggml.unknown_token_id": 0,
            "tokenizer.ggml.bos_token_id": 1,
            "tokenizer.ggml.eos_token_id": 2,
        }
    )
    assert parts.tokenizer.encode("hi hi").tokens == ["▁hi", "▁hi"]
    assert parts.tokenizer.encode("€").tokens == ["▁", "<0xE2>", "<0x82>", "<0xAC>"]
    assert parts.tokenizer.decode(parts.tokenizer.encode("hi €").ids) == "hi €"
    assert (parts.add_bos, parts.end_ids, parts.pieces) == (True, (2,), "sentencepiece")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "bert"}, r"'bert'.*gpt2.*llama"),
        ({"pre": "tekken"}, r"'tekken'.*smollm"),
        ({"tokens": []}, "no vocabulary"),
        ({"model": "llama"}, "no token scores"),
    ],
)
def test_what_is_not_known_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedModel, match=message):
        tokenizer_from_gguf(_byte_level(**changes))
