"""Which of several texts is the best: the one that says nothing beyond its facts, stays within its channel, and that the model found
the likeliest and nearest to the facts; a text that says what a better one says already comes behind.

    chance       mean natural logarithm of the probabilities of what the model wrote itself, its own
    likeness     how near what is in its gaps is to the facts: cosine of embeddings where there is a model for them, else words in common
    sameness     how much of it a better one says already: words in common

score = chance + WEIGHT · likeness; the order is by what is wrong first, then by score less what is the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pressroom.domain.copy.lexicon import root

# A small model finds what is often said likelier than what fits ("for those who enjoy a night out", of a blanket), by one to two; what fits is
# nearer to the facts by some tenths.
LIKENESS_WEIGHT = 3.0
SAMENESS_WEIGHT = 1.0

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]+")
# Words that every text has: what is in common by them says nothing.
_EMPTY = """
    a an the and or but of in on at to for with by from as is are be it its this that your you our we all any every each into
    than then so if not no more most can will has have
"""
_STOP = frozenset(_EMPTY.split())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text and what is known of it. ``flaws``: how many things are wrong with it."""

    index: int
    text: str
    chance: float
    likeness: float
    flaws: int

    @property
    def score(self) -> float:
        """More is better; of texts that have the same flaws."""
        return self.chance + LIKENESS_WEIGHT * self.likeness


def in_order(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The best first. Each next one is the best of the rest beside those that are chosen already (maximal marginal relevance,
    Carbonell and Goldstein 1998)."""
    left, chosen = list(candidates), list[Candidate]()
    while left:
        best = max(
            left,
            key=lambda each: (-each.flaws, each.score - SAMENESS_WEIGHT * _said(each, chosen), -each.index),
        )
        left.remove(best)
        chosen.append(best)
    return tuple(chosen)


def words_in_common(one: str, other: str) -> float:
    """From 0 to 1: how many of the words that say something both have, of those that either has."""
    first, second = _words(one), _words(other)
    return len(first & second) / len(first | second) if first | second else 0.0


def _said(candidate: Candidate, chosen: Sequence[Candidate]) -> float:
    return max((words_in_common(candidate.text, each.text) for each in chosen), default=0.0)


def _words(text: str) -> set[str]:
    return {root(match[0]) for match in _WORD.finditer(text)} - _STOP
