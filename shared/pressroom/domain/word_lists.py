"""Words that a tenant wants to be told of: lists of words and phrases, each for one category, and where a text has them.

A word is met as a whole and in any case: "arm" is not in "alarm", and "Straße" is "STRASSE". Scripts that put no space
between words have no wholes that could be told apart: there a word is met wherever its characters are.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class WordList:
    """``updated_at`` in milliseconds by the database's clock."""

    name: str
    category: str
    words: tuple[str, ...]
    updated_at: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """A word of a list that a text has; ``word`` as the list has it."""

    list: str
    category: str
    word: str


def matches(lists: Sequence[WordList], texts: Iterable[str]) -> tuple[tuple[Match, ...], ...]:
    """Of each text, in the order of the lists."""
    spaced: dict[str, list[tuple[int, Match]]] = {}
    unspaced: list[tuple[str, int, Match]] = []
    places = ((each, word) for each in lists for word in each.words)
    for place, (each, word) in enumerate(places):
        match = Match(each.name, each.category, word)
        folded = _folded(word)
        if _UNSPACED.search(folded):
            unspaced.append((folded.replace(" ", ""), place, match))
        elif folded:
            spaced.setdefault(folded, []).append((place, match))
    longest = max((key.count(" ") + 1 for key in spaced), default=0)
    return tuple(_found(_folded(text), spaced, longest, unspaced) for text in texts)


def has_a_word(written: str) -> bool:
    """Whether anything of it can be met in a text: punctuation alone cannot."""
    return bool(_folded(written))


def _found(
    text: str,
    spaced: dict[str, list[tuple[int, Match]]],
    longest: int,
    unspaced: list[tuple[str, int, Match]],
) -> tuple[Match, ...]:
    words = text.split(" ")
    runs = {" ".join(words[at : at + size]) for size in range(1, longest + 1) for at in range(len(words))}
    met = dict(each for run in runs & spaced.keys() for each in spaced[run])
    whole = text.replace(" ", "")
    met |= {place: match for word, place, match in unspaced if word in whole}
    return tuple(met[place] for place in sorted(met))


def _folded(text: str) -> str:
    """Its words in one case, with one space between."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
