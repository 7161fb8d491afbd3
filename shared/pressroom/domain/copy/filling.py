"""A template and a row: what of the text stands fast, and what is left to be written between.

    parts + values ──which optional pieces there are──> pieces ──room of the channel──> Set text, Blank gaps

What stands fast goes into the output letter by letter, so that no fact can be told wrongly. A gap gets a bound of words, and one of
characters that all gaps and all that stands fast keep the channel's limit with. A model that comes near the second bound could be cut
in mid word; so a gap is only good where a margin is left (``MARGIN``), which no word is longer than.

FactMissing     fact_missing      a variable without a value
FactInvalid     fact_invalid      a value that its variable cannot have
FactsTooLong    facts_too_long    the facts alone are longer than the channel allows
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pressroom.domain.copy.channels import Channel
from pressroom.domain.copy.json_text import by_itself, in_string
from pressroom.domain.copy.lexicon import is_spaced, language_of, root
from pressroom.domain.copy.template import Fact, Gap, Optional, Part, Variable, Words, words_of
from pressroom.domain.errors import InputInvalid

MARGIN = 18
"""Characters between the end of a gap and its bound: the longest word that a gap may have, so that none was cut there."""
_MARGIN_UNSPACED = 4

_WORD_CHARS = 7
"""A word and the space behind it, as they are on the mean."""
_MOST_CHARS_A_WORD = 12


class FactMissing(InputInvalid):
    code = "fact_missing"


class FactInvalid(InputInvalid):
    code = "fact_invalid"


class FactsTooLong(InputInvalid):
    code = "facts_too_long"


@dataclass(frozen=True, slots=True)
class Set:
    """Text that stands fast."""

    text: str


@dataclass(frozen=True, slots=True)
class Blank:
    """A gap to be filled: so many words (signs, in scripts without spaces), at most ``chars`` characters, good up to ``chars`` less the
    margin. ``large``: it begins a sentence. ``ways``: as in the template."""

    hint: str
    fewest: int
    most: int
    chars: int
    large: bool
    ways: tuple[str, ...] = ()


Piece = Set | Blank


@dataclass(frozen=True, slots=True)
class Filled:
    """``facts``: what the row says, by variable, as it is written in the text."""

    pieces: tuple[Piece, ...]
    facts: Mapping[str, str]

    @property
    def blanks(self) -> tuple[Blank, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Blank))

    def text(self, gaps: Sequence[str]) -> str:
        """The whole of it, with what stands in its gaps; with the rest of them empty."""
        left = iter(gaps)
        return "".join(piece.text if isinstance(piece, Set) else next(left, "") for piece in self.pieces)


def margin(locale: str) -> int:
    """What a good gap leaves of its bound."""
    return MARGIN if is_spaced(locale) else _MARGIN_UNSPACED


def fill(
    parts: Sequence[Part],
    variables: Iterable[Variable],
    row: Mapping[str, str],
    channel: Channel,
    locale: str,
    *,
    as_json: bool = False,
) -> Filled:
    """``as_json``: the text is JSON, and its parts are ``placed``. Raises FactMissing, FactInvalid, FactsTooLong; each names the variable."""
    variables = tuple(variables)
    values = {variable.name: _value(variable, row.get(variable.name, ""), locale) for variable in variables}
    spelling = _Spelling(variables, row, values) if as_json else None
    kept = _told(parts, values)
    while True:
        flat = [each for part in kept for each in (part.parts if isinstance(part, Optional) else (part,))]
        pieces = _joined(flat, values, spelling)
        if _fits(pieces, channel, locale):
            break
        optional = [at for at, part in enumerate(kept) if isinstance(part, Optional)]
        if not optional:
            pieces = _shortened(flat, values, channel, locale, spelling)
            break
        del kept[optional[-1]]
    shown = {name: value for name, value in values.items() if value}
    return Filled(tuple(_bounded(pieces, channel, locale)), shown)


def check_row(variables: Iterable[Variable], row: Mapping[str, str], locale: str) -> None:
    """Raises FactMissing, FactInvalid for the first variable that the row cannot fill."""
    for variable in variables:
        _value(variable, row.get(variable.name, ""), locale)


# -- values ----------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?\d[\d.,' ]*")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_WORD = re.compile(r"[^\W_]+")
_LIST = re.compile(r"\s*[;|\n]\s*")


def _value(variable: Variable, given: str, locale: str) -> str:
    """As it is written in a text; empty where there is none."""
    value = " ".join(given.split())
    name = variable.name
    if not value:
        if variable.required:
            raise FactMissing(f"{name} has no value, and the template needs one.", field=name)
        return ""
    match variable.type:
        case "number":
            bare = value.removesuffix(variable.unit).strip() if variable.unit else value
            if not _NUMBER.fullmatch(bare):
                raise FactInvalid(f"{name} is a number, and {_short(value)} is none.", field=name)
            return f"{bare} {variable.unit}" if variable.unit else bare
        case "choice":
            found = next((each for each in variable.options if each.casefold() == value.casefold()), None)
            if found is None:
                raise FactInvalid(
                    f"{name} is one of {', '.join(variable.options)}, and not {_short(value)}.", field=name
                )
            return found
        case "locale":
            if not _LOCALE.fullmatch(value):
                raise FactInvalid(
                    f"{name} is a locale such as en or zh-CN, and {_short(value)} is none.", field=name
                )
            return value
        case "list":
            return _listed(_items(given), locale)
    return value


def _items(given: str) -> list[str]:
    return [" ".join(each.split()) for each in _LIST.split(given.strip()) if each]


def _listed(items: Sequence[str], locale: str) -> str:
    if language_of(locale) == "zh":
        return "、".join(items)
    if language_of(locale) == "en" and len(items) > 1:
        return f"{', '.join(items[:-1])} and {items[-1]}"
    return ", ".join(items)


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else f"{value[:37]}…")


# -- pieces and their room ---------------------------------------------------------------------------


def _told(parts: Iterable[Part], values: Mapping[str, str]) -> list[Part]:
    """Without optional pieces that lack a value, or would say again what is said."""
    kept: list[Part] = []
    said = ""
    for part in parts:
        inner = part.parts if isinstance(part, Optional) else (part,)
        if isinstance(part, Optional):
            fresh = [values[each.name] for each in inner if isinstance(each, Fact) and each.new]
            if not _has_values(part, values) or any(_is_said(value, said) for value in fresh):
                continue
        kept.append(part)
        told = (
            each.text if isinstance(each, Words) else values[each.name]
            for each in inner
            if isinstance(each, Words | Fact)
        )
        said += "".join(told)
    return kept


def _is_said(value: str, said: str) -> bool:
    """Whether a text has all words of a value, or the value itself, where a script has no spaces."""
    words = {root(word) for word in _WORD.findall(said)}
    return value.casefold() in said.casefold() or all(root(word) in words for word in _WORD.findall(value))


def _has_values(part: Optional, values: Mapping[str, str]) -> bool:
    return all(values.get(each.name) for each in part.parts if isinstance(each, Fact))


class _Spelling:
    """How facts are written in a text that is JSON."""

    def __init__(
        self, variables: Iterable[Variable], row: Mapping[str, str], values: Mapping[str, str]
    ) -> None:
        self._variables = {variable.name: variable for variable in variables}
        self._items = {
            name: _items(row.get(name, ""))
            for name, variable in self._variables.items()
            if variable.type == "list" and values.get(name)
        }

    def __call__(self, fact: Fact, value: str) -> str:
        if not fact.bare:
            return in_string(value)
        told = by_itself(self._variables[fact.name], value, self._items.get(fact.name, ()))
        if told is None:
            raise FactInvalid(
                f"{fact.name} is a number of JSON, such as 1200.5, and {_short(value)} is none.",
                field=fact.name,
            )
        return told


def _joined(
    parts: Iterable[Part], values: Mapping[str, str], spelling: _Spelling | None = None
) -> list[Piece]:
    """Sets and blanks in turn; bounds of characters are still to come."""
    pieces: list[Piece] = []
    for part in parts:
        if isinstance(part, Gap):
            before = pieces[-1].text if pieces and isinstance(pieces[-1], Set) else ""
            large = _begins(before) if pieces else True
            pieces.append(Blank(part.hint, part.fewest, part.most, 0, large, part.ways))
            continue
        text = part.text if isinstance(part, Words) else ""
        if isinstance(part, Fact):
            text = spelling(part, values[part.name]) if spelling is not None else values[part.name]
        if pieces and isinstance(pieces[-1], Set):
            pieces[-1] = Set(pieces[-1].text + text)
        elif text:
            pieces.append(Set(text))
    return pieces


_SENTENCE_BEFORE = re.compile(r"(^|[.!?…:。！？：][\"'”’)]?\s*|\n\s*|[“\"(]\s*)$")


def _begins(before: str) -> bool:
    return _SENTENCE_BEFORE.search(before) is not None


def _fast(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Set))


def least(blank: Blank, locale: str) -> int:
    """Characters that a gap cannot do without: words as long as they are on the mean, or its shortest way, and the margin."""
    word = _WORD_CHARS if is_spaced(locale) else 1
    ways = [_way_chars(way, blank.fewest, word) for way in blank.ways]
    return min(ways, default=blank.fewest * word) + margin(locale)


def _way_chars(way: str, fewest: int, word: int) -> int:
    """Characters of a way; of one that goes on with as many words as there have to be."""
    if not way.endswith("…"):
        return len(way)
    return len(way) + max(1, fewest - words_of(way)) * word


def _room(pieces: Sequence[Piece], channel: Channel, locale: str) -> int:
    """Characters for all gaps together."""
    fast = _fast(pieces)
    left = channel.most(fast if is_spaced(locale) else f"{fast}字") - channel.count(fast)
    return left // 2 if channel.counted == "tweet" and not is_spaced(locale) else left


def _fits(pieces: Sequence[Piece], channel: Channel, locale: str) -> bool:
    needed = sum(least(piece, locale) for piece in pieces if isinstance(piece, Blank))
    return _room(pieces, channel, locale) >= needed


def _shortened(
    flat: Sequence[Part],
    values: Mapping[str, str],
    channel: Channel,
    locale: str,
    spelling: _Spelling | None = None,
) -> list[Piece]:
    """With facts cut that may be, the longest first."""
    left = dict(values)
    may = [part.name for part in flat if isinstance(part, Fact) and part.short]
    while True:
        pieces = _joined(flat, left, spelling)
        if _fits(pieces, channel, locale):
            return pieces
        name = max(may, key=lambda each: len(left[each]), default=None)
        shorter = _without_last_word(left[name], locale) if name is not None else ""
        if name is None or not shorter:
            longest = max(left, key=lambda each: len(left[each]), default="")
            raise FactsTooLong(
                f"The facts alone leave no room: {channel.name} takes {channel.limit} characters. The longest is {longest}.",
                field=longest,
            )
        left[name] = shorter


def _without_last_word(value: str, locale: str) -> str:
    if not is_spaced(locale):
        return value[:-1]
    return value.rpartition(" ")[0].rstrip(" ,;:–—-(&/")


def _bounded(pieces: Sequence[Piece], channel: Channel, locale: str) -> Iterable[Piece]:
    """What room is left goes to the gaps in equal shares, as far as they can use it."""
    blanks = [piece for piece in pieces if isinstance(piece, Blank)]
    spare = _room(pieces, channel, locale) - sum(least(each, locale) for each in blanks)
    share = spare // len(blanks) if blanks else 0
    most_word = _MOST_CHARS_A_WORD if is_spaced(locale) else 1
    for piece in pieces:
        if isinstance(piece, Set):
            yield piece
            continue
        chars = min(least(piece, locale) + share, piece.most * most_word + margin(locale))
        yield narrowed(piece, chars, locale)


def narrowed(blank: Blank, chars: int, locale: str) -> Blank:
    """The gap with that bound of characters, which is ``least`` or more; words and ways as they fit into it."""
    word = _WORD_CHARS if is_spaced(locale) else 1
    room = chars - margin(locale)
    ways = tuple(way for way in blank.ways if _way_chars(way, blank.fewest, word) <= room)
    most = max(blank.fewest, min(blank.most, room // word), *map(words_of, ways))
    return replace(blank, most=most, chars=chars, ways=ways)
