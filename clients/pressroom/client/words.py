"""Words that two texts have in common, where no model tells how near they are.

The client knows nothing of the server, so ``root`` and the words that say nothing stand here as well as in ``pressroom.domain.copy``;
a test holds one against the other.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

# A run of Chinese signs; or a word, digits too ("3d"), also with an apostrophe inside ("don't").
_RUN = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:['’][^\W_\u3400-\u9fff]+)*")
_EMPTY = """
    a an the and or but of in on at to for with by from as is are be it its this that your you our we all any every each into
    than then so if not no more most can will has have
"""
STOP = frozenset(_EMPTY.split())


def asked(interest: str) -> frozenset[str]:
    """The words of an interest. Chinese signs count in pairs: 小厨房 and 小说 have nothing in common."""
    return frozenset(_words(interest, alone=False))


def said(text: str) -> frozenset[str]:
    """The words of a text, and every Chinese sign of it, for an interest that is a single one."""
    return frozenset(_words(text, alone=True))


def share(interest: frozenset[str], title: frozenset[str], text: frozenset[str]) -> float:
    """From 0 to 1: how many words of an interest are in a title or the text below it; one that is in the title counts twice."""
    if not interest:
        return 0.0
    return (len(interest & (title | text)) + len(interest & title)) / (2 * len(interest))


def in_common(one: frozenset[str], other: frozenset[str]) -> float:
    """From 0 to 1: how many words both have, of those that either has."""
    return len(one & other) / len(one | other) if one | other else 0.0


def root(word: str) -> str:
    """A word without case and the endings of English plurals and genitives."""
    bare = word.casefold().replace("’", "'").removesuffix("'s").removesuffix("'")
    if len(bare) > 4 and bare.endswith("ies"):
        return f"{bare[:-3]}y"
    if len(bare) > 4 and bare.endswith(("sses", "shes", "ches", "xes", "zes")):
        return bare[:-2]
    if len(bare) > 3 and bare.endswith("s") and not bare.endswith(("ss", "us", "is")):
        return bare[:-1]
    return bare


def _words(text: str, *, alone: bool) -> Iterator[str]:
    for match in _RUN.finditer(text):
        run = match[0]
        if not "\u3400" <= run[0] <= "\u9fff":
            if (word := root(run)) not in STOP:
                yield word
            continue
        if alone or len(run) == 1:
            yield from run
        yield from map("".join, pairwise(run))
