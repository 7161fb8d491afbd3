"""Templates whose text is JSON: where a fact stands in a string and where it is a value by itself, and how it is written there.

    "title": "{{title}}"      in a string, with what JSON escapes there
    "price": {{price}}        by itself: a number as JSON has it, a list as an array, all else as a string with its quotes

Gaps are in strings: they are words, and nothing in them needs to be escaped.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pressroom.domain.copy.template import Fact, Gap, Optional, Part, TemplateInvalid, Variable, Words

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


def placed(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts with facts marked that stand by themselves. Raises TemplateInvalid for a gap that is in no string, and for an optional
    piece that opens a string or closes one."""
    found, inside = _placed(parts, inside=False)
    if inside:
        raise TemplateInvalid("A string of the JSON is not closed.", field="body")
    return found


def in_string(value: str) -> str:
    """As it stands between quotes."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def by_itself(variable: Variable, value: str, items: Sequence[str]) -> str | None:
    """As it stands alone; None where it is no number of JSON."""
    match variable.type:
        case "number":
            bare = value.removesuffix(variable.unit).strip()
            return bare if _NUMBER.fullmatch(bare) else None
        case "list":
            return json.dumps(list(items), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _placed(parts: Iterable[Part], *, inside: bool) -> tuple[tuple[Part, ...], bool]:
    found: list[Part] = []
    for part in parts:
        match part:
            case Words(text):
                inside = _inside(text, inside=inside)
            case Fact(name, short) if not inside:
                if short:
                    raise TemplateInvalid(f"{{{{{name}|short}}}} can only be cut in a string.", field="body")
                part = replace(part, bare=True)
            case Gap(hint) if not inside:
                raise TemplateInvalid(f"[[{hint}]] is in no string: gaps are words.", field="body")
            case Optional(inner):
                inner, after = _placed(inner, inside=inside)
                if after != inside:
                    raise TemplateInvalid(
                        "An optional piece has the whole of a string, or only what is in it.", field="body"
                    )
                part = Optional(inner)
        found.append(part)
    return tuple(found), inside


def _inside(text: str, *, inside: bool) -> bool:
    """Whether what follows the text is in a string."""
    quotes = len(re.findall(r'(?<!\\)(?:\\\\)*"', text))
    return inside != bool(quotes % 2)
