"""What a text says and its facts do not: numbers, units, names, claims, attributes. Whatever is found, a person has to look at.

It is a reader with a list, not with a mind: it finds what is written out, and no lie that is told in harmless words. What is
only said otherwise ("120 centimetres" for "120 cm", "twelve" for "12") is supported.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pressroom.domain.copy.lexicon import Lexicon, lexicon, root

Kind = Literal["number", "unit", "name", "claim", "attribute"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Words of a text that nothing supports."""

    kind: Kind
    words: str

    @property
    def sentence(self) -> str:
        """For people."""
        return f"The facts do not say “{self.words}” ({self.kind})."


def unsupported(text: str, facts: Iterable[str], locale: str = "en") -> tuple[Finding, ...]:
    """What ``text`` says beyond the values of its ``facts``, in its order, each once."""
    known = _Known("\n".join(facts), lexicon(locale))
    found = dict.fromkeys(_found(unicodedata.normalize("NFKC", text), known))
    return tuple(found)


# -- what facts support ---------------------------------------------------------------------------


class _Known:
    """The facts, as they are asked for."""

    def __init__(self, facts: str, words: Lexicon | None) -> None:
        self.lexicon = words
        self.text = unicodedata.normalize("NFKC", facts).casefold()
        self.roots = {root(match[0]) for match in _WORD.finditer(self.text)}
        self.roots |= {root(part) for match in _WORD.finditer(self.text) for part in match[0].split("-")}
        self.numbers = {value for match in _DIGITS.finditer(self.text) for value in _values(match[0])}
        self.units: set[str] = set()
        if words is not None:
            self.numbers |= {float(words.numbers[each]) for each in self.roots & words.numbers.keys()}
            self.units = {name for spelled, name in words.units.items() if self._says(spelled)}
            behind = set(re.findall(r"\d\s?([a-z]{1,4})\b", self.text))
            self.units |= {name for symbol, name in words.symbols.items() if symbol in behind}

    def _says(self, spelled: str) -> bool:
        if spelled in self.roots:
            return True
        if spelled.isascii() and spelled.isalpha():  # "120cm"
            return re.search(rf"\d\s?{re.escape(spelled)}s?\b", self.text) is not None
        return spelled in self.text


# -- what a text says -----------------------------------------------------------------------------

_DIGITS = re.compile(r"\d+(?:[.,' ]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|[%€$£¥°]", re.UNICODE)
_SENTENCE = re.compile(r"[.!?:;…\n“\"(•–—]\s*$")
# Written large wherever they stand.
_LARGE = """
    i i'm i'd i'll i've monday tuesday wednesday thursday friday saturday sunday january february march april may june july
    august september october november december christmas easter ok
"""
_ALWAYS_LARGE = frozenset(_LARGE.split())


def _found(text: str, known: _Known) -> Iterator[Finding]:
    findings = [*_numbers(text, known)]
    if known.lexicon is not None:
        findings += (
            _spaced(text, known, known.lexicon)
            if known.lexicon.spaced
            else _unspaced(text, known, known.lexicon)
        )
    for _, finding in sorted(findings, key=lambda each: each[0]):
        yield finding


_Placed = tuple[int, Finding]


def _numbers(text: str, known: _Known) -> Iterator[_Placed]:
    for match in _DIGITS.finditer(text):
        if not _values(match[0]) & known.numbers:
            yield match.start(), Finding("number", match[0])


def _spaced(text: str, known: _Known, words: Lexicon) -> Iterator[_Placed]:
    title = _is_title(text)
    for match in _WORD.finditer(text):
        word, rooted = match[0], root(match[0])
        if rooted in known.roots:
            continue
        kind = _kind(rooted, known, words)
        # Shorter ones are words far more often, also behind a number: "120 cm in oak".
        if len(word) > 2 and word.casefold() in words.symbols and re.search(r"\d\s?$", text[: match.start()]):
            kind = None if words.symbols[word.casefold()] in known.units else "unit"
        if kind is None and _is_name(text, match, title=title):
            kind = "name"
        if kind is not None:
            yield match.start(), Finding(kind, word)
            continue
        for part in word.split("-") if "-" in word else ():  # "oak-framed", "two-tone"
            kind = _kind(root(part), known, words)
            if kind is not None and root(part) not in known.roots:
                yield match.start(), Finding(kind, word)
                break


def _kind(rooted: str, known: _Known, words: Lexicon) -> Kind | None:
    if rooted in words.numbers:
        return None if float(words.numbers[rooted]) in known.numbers else "number"
    if rooted in words.units:
        return None if words.units[rooted] in known.units else "unit"
    if rooted in words.claims:
        return "claim"
    return "attribute" if rooted in words.attributes else None


def _is_name(text: str, match: "re.Match[str]", *, title: bool) -> bool:
    word = match[0]
    if len(word) > 1 and word.isupper():
        return True
    if title or not word[0].isupper() or word.casefold() in _ALWAYS_LARGE:
        return False
    before = text[: match.start()].rstrip(" ")
    return bool(before) and _SENTENCE.search(before + " ") is None


def _is_title(text: str) -> bool:
    """Whether words are written large because it is a title: then no name can be told from them."""
    long = [match[0] for match in _WORD.finditer(text) if len(match[0]) > 3 and match.start()]
    return len(long) > 1 and sum(word[0].isupper() for word in long) > 0.6 * len(long)


def _unspaced(text: str, known: _Known, words: Lexicon) -> Iterator[_Placed]:
    signs = "".join(words.numbers)
    units = "|".join(sorted(map(re.escape, words.units), key=len, reverse=True))
    for match in re.finditer(f"([{signs}]+)\\s*({units})", text):
        if match[0] not in known.text and words.numbers.get(match[1]) not in known.numbers:
            yield match.start(), Finding("number", match[0])
    kinds: tuple[tuple[Kind, Iterable[str]], ...] = (
        ("unit", (spelled for spelled, name in words.units.items() if name not in known.units)),
        ("claim", words.claims),
        ("attribute", words.attributes),
    )
    for kind, listed in kinds:
        for spelled in sorted(listed, key=len, reverse=True):
            if spelled in text and spelled not in known.text:
                yield text.index(spelled), Finding(kind, spelled)
    for match in re.finditer(r"[A-Za-z]{2,}", text):
        if root(match[0]) not in known.roots:
            yield match.start(), Finding("name", match[0])


# -- words and numbers ----------------------------------------------------------------------------


def _values(written: str) -> set[float]:
    """What a number in digits may stand for: "1.200" is twelve hundred to some, and one and a fifth to others."""
    bare = written.replace(" ", "").replace("'", "")
    readings = {bare.replace(",", ""), bare.replace(".", "").replace(",", ".")}
    return {float(each) for each in readings if each.count(".") <= 1}


def facts_of(row: Mapping[str, str]) -> tuple[str, ...]:
    """The values of a row that say something."""
    return tuple(value for value in row.values() if value.strip())
