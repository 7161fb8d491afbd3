"""A published model's tokenizer and the tokens that carry a meaning: what a build writes, whatever it was read from."""

from dataclasses import dataclass
from typing import Literal

from tokenizers import Tokenizer

# Control tokens that end a turn in the chat formats of the supported models.
TURN_ENDS = frozenset(
    {
        "<|im_end|>",
        "<|endoftext|>",
        "<|eot_id|>",
        "<|end_of_text|>",
        "<|eom_id|>",
        "</s>",
        "<|end|>",
        "<end_of_turn>",
        "<eos>",
    }
)


@dataclass(frozen=True, slots=True)
class TokenizerParts:
    """The tokenizer itself and the facts for ``text.json``."""

    tokenizer: Tokenizer
    pieces: Literal["byte_level", "sentencepiece"]
    add_bos: bool
    bos_id: int | None
    end_ids: tuple[int, ...]
    control_tokens: dict[int, str]
    chat_template: str | None


def end_ids(declared: list[int], control: dict[int, str]) -> tuple[int, ...]:
    """The declared ends, and control tokens that are known to end a turn."""
    known = [i for i, token in control.items() if token in TURN_ENDS]
    return tuple(dict.fromkeys([*declared, *known]))
