"""The words that a model knows, and their numbers."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"
SPECIAL = (UNKNOWN, BEGIN, END)
"""Numbers 0, 1 and 2: a word that is not known, and where a sentence begins and ends."""


class VocabularyInvalid(Exception):
    """A file that is no vocabulary."""

    code = "vocabulary_invalid"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """``words[number]`` is a word; the special ones come first, then the commonest."""

    words: tuple[str, ...]
    _numbers: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers = {word: number for number, word in enumerate(self.words)}
        if self.words[: len(SPECIAL)] != SPECIAL or len(numbers) != len(self.words):
            raise VocabularyInvalid(
                f"A vocabulary begins with {', '.join(SPECIAL)}, and has each word once. Make it anew."
            )
        object.__setattr__(self, "_numbers", numbers)

    @classmethod
    def of(cls, tokens: Iterable[str], *, most: int | None = None, least_count: int = 1) -> Self:
        """The commonest words, equally common ones by their spelling, until there are ``most`` with the special ones."""
        counts = Counter(token for token in tokens if token not in SPECIAL)
        known = [word for word, count in counts.items() if count >= least_count]
        known.sort(key=lambda word: (-counts[word], word))
        return cls((*SPECIAL, *known[: None if most is None else max(0, most - len(SPECIAL))]))

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Numbers; 0 for what is not known."""
        return [self._numbers.get(token, 0) for token in tokens]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Words. Raises IndexError for a number that is none of its own."""
        found = list(numbers)
        if any(not 0 <= number < len(self.words) for number in found):
            raise IndexError(f"numbers go from 0 to {len(self.words) - 1}")
        return [self.words[number] for number in found]

    def known_share(self, tokens: Sequence[str]) -> float:
        """Of the tokens, how many it knows; 1 of none."""
        return sum(token in self._numbers for token in tokens) / len(tokens) if tokens else 1.0

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.words, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises VocabularyInvalid."""
        try:
            words = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise VocabularyInvalid(
                f"{path} cannot be read as a vocabulary ({error}). Make it anew."
            ) from error
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise VocabularyInvalid(f"{path} is no list of words. Make it anew.")
        return cls(tuple(words))
