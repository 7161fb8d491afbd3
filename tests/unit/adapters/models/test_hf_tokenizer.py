"""A folder's tokenizer: its tokens, those with a meaning, and its chat template."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.tiny_gguf import CONTROL, TEMPLATE
from tests.support.tiny_shapes import write_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.hf_tokenizer import tokenizer_from_folder
from pressroom.adapters.models.tokenizer_parts import TokenizerParts


def read(folder: Path, config: dict[str, Any] | None = None, **about: Any) -> TokenizerParts:
    if about:
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **about}))
    return tokenizer_from_folder(folder, config or {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tokenizer(tmp_path)
    return tmp_path


def test_what_it_says(folder: Path) -> None:
    parts = read(folder)
    assert parts.pieces == "byte_level"
    assert parts.control_tokens == dict(enumerate(CONTROL))
    assert (parts.bos_id, parts.add_bos, parts.chat_template) == (1, False, TEMPLATE)
    assert set(parts.end_ids) == {0, 2}


def test_all_that_is_declared_to_end_a_text_ends_it(folder: Path) -> None:
    (folder / "generation_config.json").write_text('{"eos_token_id": [7, 8]}')
    ends = read(folder, {"eos_token_id": 9, "text_config": {"eos_token_id": 10}}).end_ids
    assert set(ends) == {7, 8, 9, 10, 0, 2}


def test_a_token_that_begins_every_text(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{CONTROL[1]} $A", special_tokens=[(CONTROL[1], 1)]
    )
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=9)
    tokenizer.save(str(folder / "tokenizer.json"))
    parts = read(folder)
    assert parts.add_bos
    assert len(parts.tokenizer.encode("a b c d e f").ids) > 9, "it is neither cut nor filled up"


@pytest.mark.parametrize(
    ("told", "template"),
    [
        (None, None),
        ([{"name": "tool_use", "template": "x"}, {"name": "default", "template": "y"}], "y"),
        ([{"name": "rag", "template": "x"}], None),
    ],
)
def test_chat_templates_by_name(folder: Path, told: Any, template: str | None) -> None:
    assert read(folder, chat_template=told).chat_template == template


def test_a_template_in_a_file_of_its_own_goes_first(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("own")
    assert read(folder).chat_template == "own"
    (folder / "chat_template.jinja").write_text("x" * (2 << 20))
    with pytest.raises(UnsupportedModel, match="larger than"):
        read(folder)


def test_one_that_falls_back_to_bytes_is_sentencepiece(folder: Path) -> None:
    tokenizer = Tokenizer(models.BPE(vocab={"a": 0, "<0x41>": 1}, merges=[], byte_fallback=True))
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.save(str(folder / "tokenizer.json"))
    assert read(folder).pieces == "sentencepiece"


def test_one_that_cannot_spell_every_text_is_refused(folder: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "?": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    with pytest.raises(UnsupportedModel, match="neither byte-level BPE nor SentencePiece"):
        read(folder)


@pytest.mark.parametrize("content", [None, b"{", b"\xff"])
def test_a_missing_or_broken_file_is_named(folder: Path, content: bytes | None) -> None:
    path = folder / "tokenizer.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UnsupportedModel, match="tokenizer"):
        read(folder)
