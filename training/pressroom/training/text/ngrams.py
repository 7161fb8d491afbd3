"""How likely a word is after those before it, by counting how often it came there.

    P(w1 … wn) = P(w1) P(w2 | w1) … P(wn | w1 … wn-1)

A text's chance is the product of its words' chances *given what stands before them*; the article gives a product of
softmaxes that do not know of each other. Only the last ``order - 1`` words are looked at, and what was never seen
after them falls back on fewer (Witten and Bell 1991, "The zero-frequency problem", method C, interpolated as in Chen
and Goodman 1999, section 2.5): where a history had many different successors, more is left for new ones.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

History = tuple[int, ...]


def ngrams(tokens: Sequence[int], order: int) -> Counter[History]:
    """How often each run of ``order`` tokens is there."""
    return Counter(tuple(tokens[at : at + order]) for at in range(len(tokens) - order + 1))


class NgramModel:
    """Counts of the words behind each history of 0 to ``order - 1`` words. ``size``: of the vocabulary."""

    def __init__(self, order: int, size: int) -> None:
        if order < 1 or size < 1:
            raise ValueError("order and size must be 1 at least")
        self.order = order
        self.size = size
        self._behind: dict[History, Counter[int]] = defaultdict(Counter)
        self._totals: Counter[History] = Counter()

    def learn(self, sentences: Iterable[Sequence[int]]) -> None:
        """Count; sentences begin and end as they are given."""
        for sentence in sentences:
            for at, word in enumerate(sentence):
                for length in range(min(self.order - 1, at) + 1):
                    history = tuple(sentence[at - length : at])
                    self._behind[history][word] += 1
                    self._totals[history] += 1

    def chance(self, word: int, before: Sequence[int] = ()) -> float:
        """P(word | before). Over all words of the vocabulary it sums to 1, whatever stands before."""
        chance = 1 / self.size
        longest = min(self.order - 1, len(before))
        for length in range(longest + 1):
            history = tuple(before[len(before) - length :])
            total = self._totals.get(history, 0)
            if not total:  # nor any longer one
                break
            behind = self._behind[history]
            chance = (behind[word] + len(behind) * chance) / (total + len(behind))
        return chance

    def log_chance(self, sentence: Sequence[int]) -> float:
        """ln P(sentence), by the chain rule."""
        return sum(math.log(self.chance(word, sentence[:at])) for at, word in enumerate(sentence))

    def perplexity(self, sentences: Sequence[Sequence[int]]) -> float:
        """e to the mean cross-entropy of a word, in nats. Raises ValueError where there is no word."""
        words = sum(len(sentence) for sentence in sentences)
        if not words:
            raise ValueError("there is no word to measure")
        return math.exp(-sum(map(self.log_chance, sentences)) / words)
