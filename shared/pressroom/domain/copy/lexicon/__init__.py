"""Words by what they say of a product, a language a file. They are what a small model invents, and what a reader would rely on.

numbers      words for numbers, by their value
units        words and signs of measure, by one name for all spellings; those of time are in none: "for slow days" measures nothing
symbols      single letters that are units behind a number
claims       words that promise: a price, a proof, a property that is not seen
attributes   materials, colours, origins: what a product is or is not
not_last     words that no text ends with
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pressroom.domain.copy.lexicon import chinese, english


@dataclass(frozen=True, slots=True)
class Lexicon:
    """``spaced``: words have spaces between them, so that one is met as a whole."""

    numbers: Mapping[str, int]
    units: Mapping[str, str]
    symbols: Mapping[str, str]
    claims: frozenset[str]
    attributes: frozenset[str]
    not_last: tuple[str, ...]
    spaced: bool


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


_BY_LANGUAGE = {
    "en": Lexicon(
        numbers=english.NUMBERS,
        units={root(word): name for word, name in english.UNITS.items()},
        symbols=english.SYMBOLS,
        claims=frozenset(map(root, english.CLAIMS)),
        attributes=frozenset(map(root, english.ATTRIBUTES)),
        not_last=english.NOT_LAST,
        spaced=True,
    ),
    "zh": Lexicon(
        numbers=chinese.NUMBERS,
        units=chinese.UNITS,
        symbols=english.SYMBOLS,
        claims=chinese.CLAIMS,
        attributes=chinese.ATTRIBUTES,
        not_last=(),
        spaced=False,
    ),
}

LANGUAGES = tuple(_BY_LANGUAGE)
"""Those that copy can be checked in."""


def language_of(locale: str) -> str:
    """``en`` of ``en-GB``."""
    return locale.replace("_", "-").partition("-")[0].lower()


def lexicon(locale: str) -> Lexicon | None:
    """None of a language that nobody has written one for: numbers in digits are all that can be checked there."""
    return _BY_LANGUAGE.get(language_of(locale))


def is_spaced(locale: str) -> bool:
    """Whether there are spaces between words; so where nobody has said."""
    words = lexicon(locale)
    return words is None or words.spaced
