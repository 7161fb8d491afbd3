"""A guide as the grammar that decoding follows, and whether it is one.

The library (llguidance) is loaded with the first guide: few processes need it.
"""

import json
from typing import TYPE_CHECKING

from pressroom.catalog.locked import is_sound, locked_grammar
from pressroom.contract.guide import AnyGuide, ChoiceGuide, LockedGuide, RegexGuide

if TYPE_CHECKING:
    from llguidance import LLParserLimits

# Bytes of a schema. A grammar is worked through at each token, so that its size is paid for by all.
MOST_SCHEMA_BYTES = 32_768
_SPECIAL = frozenset("\\.+*?()|[]{}^$#&-~/")


class GuideInvalid(ValueError):
    """The guide cannot be followed; the message says what is wrong with it."""


def grammar(guide: AnyGuide) -> str:
    """The guide in the library's own form. Raises GuideInvalid for a schema that is too large."""
    from llguidance import LLMatcher

    if isinstance(guide, RegexGuide):
        return LLMatcher.grammar_from_regex(guide.pattern)
    if isinstance(guide, ChoiceGuide):
        return LLMatcher.grammar_from_regex("|".join(map(_literal, guide.choices)))
    if isinstance(guide, LockedGuide):
        return locked_grammar(guide)
    schema = json.dumps(guide.schema_)
    if len(schema) > MOST_SCHEMA_BYTES:
        raise GuideInvalid(f"the schema has {len(schema)} bytes; at most {MOST_SCHEMA_BYTES} are followed")
    # On one line: a small model that may indent goes on doing nothing else.
    return LLMatcher.grammar_from_json_schema(
        schema,
        overrides={"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "},
    )


def limits_of(guide: AnyGuide) -> "LLParserLimits":
    """How much work a guide may make. One with gaps is written here and bounded by its shape, and its forbidden words take more than
    the library would let a stranger's expression have: up to 20 ms at the first look into a gap."""
    from llguidance import LLParserLimits

    if isinstance(guide, LockedGuide):
        return LLParserLimits(
            verbose_errors=False,
            initial_lexer_fuel=8_000_000,
            step_lexer_fuel=8_000_000,
            max_lexer_states=2_000_000,
        )
    return LLParserLimits(verbose_errors=False)


def check_guide(guide: AnyGuide) -> None:
    """Raises GuideInvalid with the reason. Takes a millisecond, but for what templates make, of which a feed has one a row; nothing is
    fetched that a schema names."""
    if isinstance(guide, LockedGuide) and is_sound(guide):
        return
    from llguidance import LLMatcher

    wrong, said = LLMatcher.validate_grammar_with_warnings(grammar(guide), limits=limits_of(guide))
    if wrong:
        raise GuideInvalid(_reason(said[0]))


def _literal(choice: str) -> str:
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in choice)


def _reason(said: str) -> str:
    """The one line of a message that tells the mistake."""
    lines = [line.strip() for line in said.splitlines()]
    return next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), lines[0])
