"""Copy that is JSON: a template's schema, and what holds a text against it.

    template ──fill with samples──> JSON? of its schema? ──> kept         row ──> bounds of gaps that the schema allows ──> job
    text ──parse, validate──> what is wrong with it

A schema comes from a client and runs here and in workers, so it has no keyword that makes work out of proportion to its size: no references,
patterns, formats.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import best_match

from pressroom.domain.copy.channels import Channel
from pressroom.domain.copy.filling import Blank, FactInvalid, Filled, fill, least, narrowed
from pressroom.domain.copy.template import Optional, Part, TemplateInvalid, Variable

_MOST_CHARS = 10_000
_SAMPLE_WORD = "word"
_SHARES = 64
_READ = """
    $schema title description default examples type properties required additionalProperties items prefixItems enum const
    minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems minProperties maxProperties
    anyOf oneOf allOf not
"""
_KEYWORDS = frozenset(_READ.split())
_ONE = ("items", "additionalProperties", "not")
_SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises TemplateInvalid for one that is no schema, is too large, or has a keyword that is not read here."""
    if len(json.dumps(schema)) > _MOST_CHARS:
        raise _invalid(f"it has more than {_MOST_CHARS} characters")
    for keyword in _keywords(schema):
        if keyword not in _KEYWORDS:
            raise _invalid(f"{keyword} is not read here; these are: {', '.join(sorted(_KEYWORDS))}")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise _invalid(error.message) from None


def check_text(parts: Sequence[Part], variables: Sequence[Variable], channel: Channel, locale: str) -> None:
    """Whether the text is JSON whichever optional pieces there are. Raises TemplateInvalid. What facts have to be like is told of the
    row that they are of."""
    optional = [at for at, part in enumerate(parts) if isinstance(part, Optional)]
    for left_out in ((), *((at,) for at in optional), tuple(optional)):
        kept = [part for at, part in enumerate(parts) if at not in left_out]
        filled = fill(kept, variables, _samples(variables), channel, locale, as_json=True)
        try:
            json.loads(filled.text([_SAMPLE_WORD] * len(filled.blanks)))
        except ValueError as error:
            without = f" without optional piece {optional.index(left_out[0]) + 1}" if left_out else ""
            raise TemplateInvalid(f"The text{without} is no JSON: {error}.", field="body") from None


def bounded(filled: Filled, schema: Mapping[str, Any], locale: str) -> Filled:
    """With gaps no longer than the schema allows, so that a text is valid however full they are. Raises FactInvalid where none would be."""
    blanks = filled.blanks
    validator = Draft202012Validator(schema)
    wrong = _wrong(validator, filled.text([_SAMPLE_WORD] * len(blanks)))
    if wrong is not None:
        raise FactInvalid(f"With these facts the text is not valid by its schema: {wrong}", field="facts")

    def valid(chars: Sequence[int]) -> bool:
        return _wrong(validator, filled.text(["x" * each for each in chars])) is None

    narrow = [min(least(blank, locale), blank.chars) for blank in blanks]
    if not valid(narrow):
        hints = ", ".join(f"[{blank.hint}]" for blank in blanks)
        raise FactInvalid(f"The schema leaves no room for {hints} beside these facts.", field="facts")
    widest = iter(_widest(narrow, [blank.chars for blank in blanks], valid))
    pieces = (
        narrowed(piece, next(widest), locale) if isinstance(piece, Blank) else piece
        for piece in filled.pieces
    )
    return replace(filled, pieces=tuple(pieces))


def wrong_with(text: str, schema: Mapping[str, Any]) -> str | None:
    """A sentence, where the text is no JSON or not valid by the schema."""
    return _wrong(Draft202012Validator(schema), text)


def _wrong(validator: Draft202012Validator, text: str) -> str | None:
    try:
        told = json.loads(text)
    except ValueError as error:
        return f"it is no JSON ({error})."
    found = best_match(validator.iter_errors(told))
    if found is None:
        return None
    message = found.message if len(found.message) <= 200 else f"{found.message[:199]}…"
    return f"{found.json_path}: {message}."


# -- schemas ---------------------------------------------------------------------------------------


def _invalid(why: str) -> TemplateInvalid:
    return TemplateInvalid(f"json_schema cannot be read: {why}.", field="json_schema")


def _keywords(schema: Any) -> Iterator[str]:
    """Of a schema and all within it; names of properties are none."""
    if not isinstance(schema, Mapping):
        return
    yield from schema
    properties = schema.get("properties")
    inner = [schema.get(keyword) for keyword in _ONE]
    inner += properties.values() if isinstance(properties, Mapping) else ()
    for keyword in _SEVERAL:
        several = schema.get(keyword)
        inner += several if isinstance(several, list) else ()
    for each in inner:
        yield from _keywords(each)


# -- texts -----------------------------------------------------------------------------------------


def _samples(variables: Iterable[Variable]) -> dict[str, str]:
    plain = {"text": "sample", "number": "1", "locale": "en", "list": "sample; sample"}
    return {each.name: each.options[0] if each.options else plain[each.type] for each in variables}


def _widest(
    narrow: Sequence[int], wide: Sequence[int], valid: Callable[[Sequence[int]], bool]
) -> Sequence[int]:
    """Characters of each gap: in equal shares of what lies between narrow and wide, so that gaps of one string do not take one another's
    room; then each as far as it goes."""

    def shared(share: int) -> list[int]:
        return [low + (high - low) * share // _SHARES for low, high in zip(narrow, wide, strict=True)]

    if valid(wide):
        return wide
    chars = shared(_last(0, _SHARES, lambda share: valid(shared(share))))
    for at, high in enumerate(wide):
        chars[at] = _last(chars[at], high, lambda each, at=at: valid([*chars[:at], each, *chars[at + 1 :]]))  # type: ignore[misc]
    return chars


def _last(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The last number for which it holds; it does for ``low``, and for none behind one for which it does not."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
