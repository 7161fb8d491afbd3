"""A prompt that ends in the middle of a word: its last token is drawn anew, from all that begin as it does.

    "The capital of France is " ── without the last token ──> … is   then a token that begins with " "

Tokens were cut where the prompt happened to end, which a text that goes on would not have been; a space at the end
is the common case. After Lundberg 2023, "The art of prompt design: prompt boundaries and token healing".
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pressroom.engines.text.detokenizer import TokenBytes
from pressroom.engines.text.drawing import bits


@dataclass(frozen=True, slots=True)
class Healing:
    """``begun``: what the prompt has said of the next token; ``allowed``: a bit for each token, set for those that
    begin with it (see ``drawing``)."""

    begun: bytes
    allowed: NDArray[np.uint32]


class Healer:
    """Knows which tokens begin alike; ``vocab`` is the width of the logits."""

    def __init__(self, spelling: TokenBytes, vocab: int) -> None:
        self._spelling = spelling
        self._vocab = vocab
        self._sorted: list[tuple[bytes, int]] = []

    def prepare(self) -> None:
        """Spell all tokens, for the first prompt's sake: some tenths of a second."""
        if not self._sorted:
            self._sorted = sorted((self._spelling[token], token) for token in range(self._vocab))

    def split(self, prompt: list[int]) -> tuple[list[int], Healing | None]:
        """The prompt without its last token and how to draw that anew; all of it, and None, where no other
        token begins as the last one does, or it is the only one."""
        begun = self._spelling[prompt[-1]]
        if not begun or len(prompt) < 2:
            return prompt, None
        self.prepare()
        first = bisect_left(self._sorted, (begun, -1))
        last = bisect_left(self._sorted, (_behind(begun), -1)) if _behind(begun) else len(self._sorted)
        if last - first < 2:
            return prompt, None
        return prompt[:-1], Healing(
            begun, bits((token for _, token in self._sorted[first:last]), self._vocab)
        )


def _behind(begun: bytes) -> bytes:
    """The first string behind all that begin with ``begun``; empty where there is none."""
    kept = begun.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else b""
