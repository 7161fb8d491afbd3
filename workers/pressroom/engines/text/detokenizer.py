"""Token ids to characters, one token at a time, without ever showing half a character.

Each token is a few bytes; an incremental UTF-8 decoder joins them. So the pieces joined are the
whole text by construction, and a token costs the same however long the text already is.
"""

import codecs
import re
from functools import cache
from typing import Literal

from tokenizers import Tokenizer

_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class TokenBytes:
    """The bytes that each token stands for; control tokens stand for none."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        pieces: Literal["byte_level", "sentencepiece"],
        control: frozenset[int],
    ) -> None:
        self._tokenizer = tokenizer
        self._byte_level = pieces == "byte_level"
        self._control = control
        self._known: dict[int, bytes] = {}

    @property
    def marks_word_starts(self) -> bool:
        """SentencePiece writes a space before each word, so also before the first."""
        return not self._byte_level

    def __getitem__(self, token: int) -> bytes:
        known = self._known.get(token)
        if known is None:
            known = self._known[token] = self._spell(token)
        return known

    def _spell(self, token: int) -> bytes:
        if token in self._control:
            return b""
        text = self._tokenizer.id_to_token(token)
        if text is None:  # rows that pad the vocabulary to a round size
            return b""
        if self._byte_level:
            table = _bytes_of_characters()
            if all(character in table for character in text):
                return bytes(table[character] for character in text)
            return text.encode()
        if match := _BYTE_TOKEN.fullmatch(text):
            return bytes([int(match[1], 16)])
        return text.replace("▁", " ").encode()


class Detokenizer:
    """The text of one output as it grows."""

    def __init__(self, spelling: TokenBytes, *, strip_first_space: bool = False, skip: int = 0) -> None:
        """``skip``: so many bytes of the first token are not of the text."""
        self._spelling = spelling
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._strip = strip_first_space and spelling.marks_word_starts
        self._skip = skip

    def push(self, token: int) -> str:
        """The characters that this token completes; bytes of an unfinished one wait."""
        spelled = self._spelling[token][self._skip :]
        self._skip = 0
        text = self._decoder.decode(spelled)
        if self._strip and text:
            self._strip = False
            return text.removeprefix(" ")
        return text


def characters_of_bytes() -> dict[int, str]:
    """GPT-2's printable stand-in for each byte (Radford et al. 2019, ``bytes_to_unicode``)."""
    printable = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    rest = [byte for byte in range(256) if byte not in printable]
    table = {byte: chr(byte) for byte in printable}
    table.update({byte: chr(256 + n) for n, byte in enumerate(rest)})
    return table


@cache
def _bytes_of_characters() -> dict[str, int]:
    return {character: byte for byte, character in characters_of_bytes().items()}
