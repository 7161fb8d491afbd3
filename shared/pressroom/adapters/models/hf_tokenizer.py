"""A tokenizer from a folder as transformers writes it: ``tokenizer.json``, and what stands beside it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from tokenizers import Tokenizer

from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.adapters.models.files import read_json
from pressroom.adapters.models.tokenizer_parts import TokenizerParts, end_ids

_MOST_BYTES_OF_TEMPLATE = 1 << 20


def tokenizer_from_folder(folder: Path, config: Mapping[str, Any]) -> TokenizerParts:
    """Raises ``UnsupportedModel`` where there is none that can be read."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise UnsupportedModel(
            f"{folder} has no tokenizer.json. Save the tokenizer with transformers' AutoTokenizer, which writes one."
        )
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise UnsupportedModel(f"{path} cannot be read ({error}). Download it again.") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    about = read_json(folder / "tokenizer_config.json", needed=False)
    control = {i: token.content for i, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    bos_id = _id_of(tokenizer, about.get("bos_token"))
    opened = tokenizer.encode("a", add_special_tokens=True).ids
    return TokenizerParts(
        tokenizer=tokenizer,
        pieces=_pieces(tokenizer, path),
        add_bos=bos_id is not None and opened[:1] == [bos_id],
        bos_id=bos_id,
        end_ids=end_ids(list(_declared_ends(folder, config, tokenizer, about)), control),
        control_tokens=control,
        chat_template=_chat_template(folder, about),
    )


def _pieces(tokenizer: Tokenizer, path: Path) -> Literal["byte_level", "sentencepiece"]:
    """How its tokens spell bytes, by how it turns them into text again."""
    decoder = repr(tokenizer.decoder)
    if "ByteLevel" in decoder:
        return "byte_level"
    if "ByteFallback" in decoder:
        return "sentencepiece"
    raise UnsupportedModel(
        f"{path} is neither byte-level BPE nor SentencePiece with a fallback to bytes: its tokens cannot spell every text."
    )


def _id_of(tokenizer: Tokenizer, token: Any) -> int | None:
    text = token.get("content") if isinstance(token, dict) else token
    return tokenizer.token_to_id(text) if isinstance(text, str) else None


def _declared_ends(
    folder: Path, config: Mapping[str, Any], tokenizer: Tokenizer, about: Mapping[str, Any]
) -> Iterator[int]:
    """By the generation's config, the model's, and the tokenizer's."""
    generation = read_json(folder / "generation_config.json", needed=False)
    inner = config.get("text_config") or {}
    for told in (generation, config, inner):
        ends = told.get("eos_token_id")
        yield from (end for end in (ends if isinstance(ends, list) else [ends]) if isinstance(end, int))
    if (end := _id_of(tokenizer, about.get("eos_token"))) is not None:
        yield end


def _chat_template(folder: Path, about: Mapping[str, Any]) -> str | None:
    own = folder / "chat_template.jinja"
    if own.is_file():
        if own.stat().st_size > _MOST_BYTES_OF_TEMPLATE:
            raise UnsupportedModel(f"{own} is larger than a chat template can be.")
        return own.read_text(encoding="utf-8")
    told = about.get("chat_template")
    if isinstance(told, list):  # several by name
        named = {each.get("name"): each.get("template") for each in told if isinstance(each, dict)}
        told = named.get("default")
    return told if isinstance(told, str) else None
