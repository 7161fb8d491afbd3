"""Guesses what a text says next from what was said before: copy-writing repeats its facts, names and turns of phrase.

Saxena 2023, "Prompt lookup decoding": the tokens that followed the last two, when they stood together before. A guess
costs next to nothing to check where a step waits for memory, and a wrong one changes nothing: what is said is drawn
from the same logits in the same order.
"""

from collections.abc import Sequence

# Of the guesses that were made, so large a share must have been right of late (an exponential mean).
_LEAST_TRUST = 0.2
_MEMORY = 0.8
# After so many steps without a guess one is made all the same.
_PATIENCE = 16


class Lookup:
    """Of one output: all its tokens, those of the prompt among them. They are looked through when a guess is asked
    for first; from then on a token more costs the same however many there are."""

    def __init__(self, prompt: Sequence[int]) -> None:
        self._tokens = list(prompt)
        self._behind: dict[tuple[int, int], int] = {}
        self._known = 2  # so many tokens have been looked at
        self._trust = 1.0
        self._idle = 0

    def add(self, token: int) -> None:
        """The output goes on with ``token``."""
        self._tokens.append(token)

    def guess(self, most: int) -> list[int]:
        """At most so many tokens that may follow; none where nothing is known, or guesses were wrong of late."""
        if most < 1 or len(self._tokens) < 2:
            return []
        for at in range(self._known, len(self._tokens)):
            self._behind[self._tokens[at - 2], self._tokens[at - 1]] = at
        self._known = len(self._tokens)
        if self._trust < _LEAST_TRUST:
            self._idle += 1
            if self._idle < _PATIENCE:
                return []
            self._idle = 0
        found = self._behind.get((self._tokens[-2], self._tokens[-1]))
        return [] if found is None else self._tokens[found : found + most]

    def judged(self, guessed: int, right: int) -> None:
        """So many of the last guess came true."""
        if guessed:
            self._trust = _MEMORY * self._trust + (1 - _MEMORY) * right / guessed
