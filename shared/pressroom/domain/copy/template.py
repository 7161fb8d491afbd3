"""Templates: text with facts of a row in it, and gaps that a model fills. Parsed and checked before anything runs.

    {{title}}              a fact, as it stands in the row
    {{title|short}}        the same, cut behind a whole word where the channel has no room for all of it
    {?, {{material|new}}?} an optional piece that is left out where the text before it has said so ("Linen Scarf")
    [[what it is for]]     a gap, and a hint for whoever fills it; [[what it is for | 4-10]] says how many words,
                           [[how it feels | 3-7 | feels …; looks …; is soft]] in which ways it may begin, or be
    {? … ?}                only where every fact in it has a value, and there is room for its gaps
    {{> closing}}          another template's text

TemplateInvalid      template_invalid       the text cannot be read; says where
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pressroom.domain.errors import InputInvalid

VariableType = Literal["text", "number", "choice", "locale", "list"]

FEWEST_WORDS, MOST_WORDS = 3, 12
"""Of a gap that does not say."""

MOST_PARTS, MOST_WAYS = 200, 60
_DEEPEST = 8


class TemplateInvalid(InputInvalid):
    code = "template_invalid"


@dataclass(frozen=True, slots=True)
class Variable:
    """``options`` of a choice; ``unit`` is written behind a number."""

    name: str
    type: VariableType = "text"
    required: bool = True
    options: tuple[str, ...] = ()
    unit: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in the template."""

    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """The value of a variable. ``short``: it may be cut behind a word. ``new``: its optional piece is left out where the text has said it
    before. ``bare``: of a text that is JSON, in no string there."""

    name: str
    short: bool = False
    new: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """What a model writes: so many words. ``ways``: how it begins, where one ends with "…", or what it is; no matter how if there are none."""

    hint: str
    fewest: int = FEWEST_WORDS
    most: int = MOST_WORDS
    ways: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Optional:
    """Parts that are there together, or not at all."""

    parts: "tuple[Part, ...]"


@dataclass(frozen=True, slots=True)
class Include:
    """Another template's text."""

    name: str


Part = Words | Fact | Gap | Optional | Include

_MARK = re.compile(
    r"\{\{>\s*(?P<include>[^{}]*?)\s*\}\}"
    r"|\{\{\s*(?P<fact>[^{}|]*?)\s*(?:\|\s*(?P<filter>[^{}]*?)\s*)?\}\}"
    r"|\[\[\s*(?P<hint>[^\[\]|]*?)\s*(?:\|\s*(?P<words>[^\[\]|]*?)\s*)?(?:\|\s*(?P<ways>[^\[\]|]*?)\s*)?\]\]"
    r"|(?P<open>\{\?)|(?P<close>\?\})"
)
_BROKEN = re.compile(r"\{\{|\}\}|\[\[|\]\]")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TEMPLATE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_WORD = r"[^\W\d_]{1,18}(?:[-'’][^\W\d_]{1,18})?"
_WAY = re.compile(f"{_WORD}(?:(?:,? |[，、]){_WORD})*(?: ?…)?")
_SIGN = re.compile("[\u3400-\u9fff]")
_WORDS = re.compile(r"(\d{1,2})\s*[-–]\s*(\d{1,2})(?:\s*words)?")


def parse(body: str) -> tuple[Part, ...]:
    """The parts of a template's text. Raises TemplateInvalid."""
    stack: list[list[Part]] = [[]]
    at = 0
    for match in _MARK.finditer(body):
        _add_words(stack[-1], body, at, match.start())
        at = match.end()
        if match["open"]:
            if len(stack) > 1:
                raise _wrong(body, match.start(), "an optional piece does not stand in another")
            stack.append([])
        elif match["close"]:
            if len(stack) == 1:
                raise _wrong(body, match.start(), "this closes nothing; begin with {?")
            inner = tuple(stack.pop())
            if not any(isinstance(part, Fact | Gap) for part in inner):
                raise _wrong(
                    body,
                    match.start(),
                    "an optional piece has a fact or a gap: nothing else decides about it",
                )
            stack[-1].append(Optional(inner))
        else:
            stack[-1].append(_part(body, match, optional=len(stack) > 1))
    _add_words(stack[-1], body, at, len(body))
    if len(stack) > 1:
        raise _wrong(body, len(body), "an optional piece is not closed; end it with ?}")
    parts = tuple(stack[0])
    if not 0 < sum(1 for _ in _flat(parts)) <= MOST_PARTS:
        raise TemplateInvalid(f"A template has 1 to {MOST_PARTS} parts.", field="body")
    return parts


def facts_in(parts: Iterable[Part]) -> tuple[str, ...]:
    """The variables that parts name, each once."""
    return tuple(dict.fromkeys(part.name for part in _flat(parts) if isinstance(part, Fact)))


def needed(parts: Iterable[Part]) -> frozenset[str]:
    """Those that stand outside of what is optional."""
    return frozenset(part.name for part in parts if isinstance(part, Fact))


def free(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The same with gaps that have no ways."""
    return tuple(_free(part) for part in parts)


def includes_in(parts: Iterable[Part]) -> tuple[str, ...]:
    """The templates that parts name, each once."""
    return tuple(dict.fromkeys(part.name for part in _flat(parts) if isinstance(part, Include)))


def expand(name: str, bodies: Mapping[str, str]) -> tuple[Part, ...]:
    """The parts of a template with those of all that it includes, of any depth. ``bodies``: the text of each template by name.

    Raises TemplateInvalid for one that is not there, and for one that comes back to itself."""
    return tuple(_expanded(name, bodies, (name,)))


def check_variables(parts: Iterable[Part], variables: Iterable[Variable]) -> None:
    """Raises TemplateInvalid unless facts and variables are the same, and each variable can have a value."""
    parts = tuple(parts)
    declared: dict[str, Variable] = {}
    for variable in variables:
        if not _NAME.fullmatch(variable.name):
            raise TemplateInvalid(
                f"{variable.name!r} is no name of a variable: small letters, digits and underscores.",
                field="variables",
            )
        if variable.name in declared:
            raise TemplateInvalid(f"{variable.name} is declared twice.", field="variables")
        if (variable.type == "choice") != bool(variable.options):
            raise TemplateInvalid(
                f"{variable.name}: a choice has options, and nothing else has.", field="variables"
            )
        declared[variable.name] = variable
    for name in facts_in(parts):
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise TemplateInvalid(
                f"{{{{{name}}}}} is no variable of this template. Declared: {known}.", field="body"
            )
    optional = [name for name in needed(parts) if not declared[name].required]
    if optional:
        raise TemplateInvalid(
            f"{{{{{optional[0]}}}}} may have no value, so it stands in an optional piece: {{? … ?}}.",
            field="body",
        )


# -- reading ---------------------------------------------------------------------------------------


def _part(body: str, match: "re.Match[str]", *, optional: bool) -> Part:
    if match["include"] is not None:
        if not _TEMPLATE_NAME.fullmatch(match["include"]):
            raise _wrong(body, match.start(), "this includes a template by its name: {{> closing}}")
        return Include(match["include"])
    if match["fact"] is not None:
        if not _NAME.fullmatch(match["fact"]):
            raise _wrong(
                body, match.start(), "this is no name of a variable: small letters, digits and underscores"
            )
        if match["filter"] not in (None, "short", "new"):
            raise _wrong(body, match.start(), "only |short and |new can be said of a fact")
        if match["filter"] == "new" and not optional:
            raise _wrong(body, match.start(), "|new stands in an optional piece: {? … ?}")
        return Fact(match["fact"], match["filter"] == "short", match["filter"] == "new")
    if not match["hint"]:
        raise _wrong(body, match.start(), "a gap says what belongs into it: [[what it is for]]")
    if match["words"] is None:
        return Gap(match["hint"])
    said = _WORDS.fullmatch(match["words"])
    if said is None or not 1 <= int(said[1]) <= int(said[2]) <= 40:
        raise _wrong(body, match.start(), "a gap has so many words, 1 to 40: [[what it is for | 4-10]]")
    fewest, most = int(said[1]), int(said[2])
    return Gap(match["hint"], fewest, most, _ways(body, match, fewest, most) if match["ways"] else ())


def _ways(body: str, match: "re.Match[str]", fewest: int, most: int) -> tuple[str, ...]:
    ways = tuple(dict.fromkeys(" ".join(each.split()) for each in re.split("[;；]", match["ways"])))
    for way in ways:
        if not _WAY.fullmatch(way) or way != way.lower():
            raise _wrong(
                body,
                match.start(),
                f"{way!r} is no way to fill a gap: words in small letters, with spaces, commas or hyphens between, "
                "and … behind them where the model goes on",
            )
        words = words_of(way)
        if words > most or (words < fewest and not way.endswith("…")):
            raise _wrong(body, match.start(), f"{way!r} has not {fewest} to {most} words")
    if len(ways) > MOST_WAYS:
        raise _wrong(body, match.start(), f"a gap has {MOST_WAYS} ways at most")
    return ways


def words_of(way: str) -> int:
    """Words, or signs where a script has no spaces."""
    return len(_SIGN.findall(way)) or len(way.removesuffix("…").split())


def _add_words(parts: list[Part], body: str, start: int, end: int) -> None:
    text = body[start:end]
    broken = _BROKEN.search(text)
    if broken is not None:
        raise _wrong(body, start + broken.start(), "this mark is not closed, or stands alone")
    if text:
        parts.append(Words(text))


def _wrong(body: str, at: int, why: str) -> TemplateInvalid:
    line = body.count("\n", 0, at) + 1
    column = at - (body.rfind("\n", 0, at) + 1) + 1
    return TemplateInvalid(f"Line {line}, column {column}: {why}.", field="body")


def _free(part: Part) -> Part:
    if isinstance(part, Optional):
        return Optional(tuple(_free(each) for each in part.parts))
    return replace(part, ways=()) if isinstance(part, Gap) else part


def _flat(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, Optional):
            yield from _flat(part.parts)
        else:
            yield part


def _expanded(name: str, bodies: Mapping[str, str], path: tuple[str, ...]) -> Iterator[Part]:
    if name not in bodies:
        raise TemplateInvalid(f"There is no template {name} that could be included.", field="body")
    if len(path) > _DEEPEST:
        raise TemplateInvalid(
            f"Templates include one another more than {_DEEPEST} deep: {' → '.join(path)}.", field="body"
        )
    for part in parse(bodies[name]):
        yield from _resolved(part, bodies, path)


def _resolved(part: Part, bodies: Mapping[str, str], path: tuple[str, ...]) -> Iterator[Part]:
    if isinstance(part, Include):
        if part.name in path:
            raise TemplateInvalid(
                f"A template refers to itself: {' → '.join((*path, part.name))}.", field="body"
            )
        yield from _expanded(part.name, bodies, (*path, part.name))
    elif isinstance(part, Optional):
        inner = tuple(each for one in part.parts for each in _resolved(one, bodies, path))
        if any(isinstance(each, Optional) for each in inner):
            raise TemplateInvalid("What is included in an optional piece has none of its own.", field="body")
        yield Optional(inner)
    else:
        yield part
