"""Characters from tokens: never half a character, and joined always the whole text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.tiny_gguf import CONTROL, MERGES, vocabulary
from tokenizers import Tokenizer, models

from pressroom.adapters.models.gguf_tokenizer import tokenizer_from_gguf
from pressroom.engines.text.detokenizer import Detokenizer, TokenBytes

PARTS = tokenizer_from_gguf(
    {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": vocabulary(),
        "tokenizer.ggml.merges": list(MERGES),
        "tokenizer.ggml.token_type": [3 if token in CONTROL else 1 for token in vocabulary()],
        "tokenizer.ggml.eos_token_id": 2,
    }
)
BYTES = TokenBytes(PARTS.tokenizer, "byte_level", frozenset(PARTS.control_tokens))


def _pieces(tokens: list[int]) -> list[str]:
    detokenizer = Detokenizer(BYTES)
    return [detokenizer.push(token) for token in tokens]


@pytest.mark.parametrize(
    "text", ["hello world", "日本語のコピー", "a 👩‍👩‍👧‍👦 b", "é\u0301", "naïve — “quote”", "𝔘"]
)
def test_pieces_join_to_the_text(text: str) -> None:
    tokens = PARTS.tokenizer.encode(text).ids
    pieces = _pieces(tokens)
    assert "".join(pieces) == text
    assert all("\ufffd" not in piece for piece in pieces)


def test_half_a_character_waits() -> None:
    tokens = PARTS.tokenizer.encode("👍!").ids
    assert _pieces(tokens) == ["", "", "", "👍", "!"]


def test_bytes_that_are_no_character_become_one_mark() -> None:
    lone = vocabulary().index("ÿ")  # the stand-in of the byte 255
    assert "".join(_pieces([lone, *PARTS.tokenizer.encode("ok").ids])) == "\ufffdok"


def test_control_tokens_and_unknown_ids_are_silent() -> None:
    assert _pieces([0, 1, 2, 10_000]) == ["", "", "", ""]


@given(st.text().filter(lambda text: not any(control in text for control in CONTROL)))
def test_any_text_comes_back(text: str) -> None:
    assert "".join(_pieces(PARTS.tokenizer.encode(text).ids)) == text


@given(st.lists(st.integers(3, len(vocabulary()) - 1), max_size=40))
def test_any_tokens_give_what_the_tokenizer_itself_says(tokens: list[int]) -> None:
    detokenizer = Detokenizer(BYTES)
    streamed = "".join(detokenizer.push(token) for token in tokens)
    whole = PARTS.tokenizer.decode(tokens, skip_special_tokens=False)
    assert whole.startswith(streamed)
    assert whole[len(streamed) :] in ("", "\ufffd")  # half a character at the end is left out


def test_sentencepiece_spells_spaces_and_bytes() -> None:
    vocab = {"<unk>": 0, "▁Hi": 1, "▁there": 2, "<0xE2>": 3, "<0x82>": 4, "<0xAC>": 5}
    spelling = TokenBytes(Tokenizer(models.BPE(vocab, [])), "sentencepiece", frozenset({0}))
    chat = Detokenizer(spelling, strip_first_space=True)
    assert [chat.push(token) for token in (1, 2, 3, 4, 5)] == ["Hi", " there", "", "", "€"]
    plain = Detokenizer(spelling)
    assert plain.push(1) == " Hi"
