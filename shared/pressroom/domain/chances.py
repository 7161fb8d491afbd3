"""How likely each token of a text was to its model, and what it might have said instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TokenChance:
    """A token by its number in the vocabulary, the ``spelling`` it stands for (part of a character, maybe), and
    its ``logprob``: the natural logarithm of the model's own probability, before any parameter changed it.
    ``top``: the likeliest tokens in its place, the likeliest first."""

    id: int
    spelling: bytes
    logprob: float
    top: tuple["TokenChance", ...] = ()

    def as_row(self) -> list[Any]:
        """For JSON."""
        row: list[Any] = [self.id, self.spelling.hex(), self.logprob]
        return [*row, [each.as_row() for each in self.top]] if self.top else row

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> "TokenChance":
        """What ``as_row`` gave."""
        number, spelling, logprob, *top = row
        return cls(number, bytes.fromhex(spelling), logprob, tuple(map(cls.of_row, top[0])) if top else ())
