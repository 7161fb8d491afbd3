"""What the model may say between the facts: the guide of a text by template, and the params that follow from it.

    pieces + voice + language ──> bounds, letters, words that are forbidden, ways that are left ──> params.guide

VoiceTooStrict  voice_too_strict  a voice that avoids all ways of a gap
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from pressroom.contract.guide import LockedGap, LockedGuide, LockedText
from pressroom.domain.copy.brief import PLAIN, Voice
from pressroom.domain.copy.filling import Blank, Filled, Set
from pressroom.domain.copy.lexicon import is_spaced, language_of, lexicon, root
from pressroom.domain.copy.template import Gap, Optional, Part, TemplateInvalid
from pressroom.domain.errors import InputInvalid

SLACK = 6
"""Words that a gap may have beyond what its template says: one that has all of them was made to end, and may be cut."""
OFFERED = 4
"""Whole ways that a row may choose from."""
_LETTERS = {"ascii": "[A-Za-z]", "latin": ".", "han": "[\u3400-\u9fff]"}


class VoiceTooStrict(InputInvalid):
    code = "voice_too_strict"


def decided(filled: Filled, voice: Voice, locale: str) -> dict[str, Any]:
    """Params that follow from the text. Raises VoiceTooStrict."""
    spaced = is_spaced(locale)
    never = forbidden(filled, voice, locale)
    parts: list[LockedText | LockedGap] = [
        LockedText(text=piece.text)
        if isinstance(piece, Set)
        else LockedGap(
            fewest=piece.fewest,
            most=piece.most + SLACK if spaced else piece.chars,
            chars=piece.chars,
            large=piece.large and spaced,
            ways=_offered(_left(piece, never, locale), filled.facts),
        )
        for piece in filled.pieces
    ]
    words = lexicon(locale)
    guide = LockedGuide(
        type="locked",
        parts=tuple(parts),
        letters=_letters(locale),
        forbidden=never,
        not_last=words.not_last if words is not None else (),
    )
    longest = sum(len(piece.text) if isinstance(piece, Set) else piece.chars for piece in filled.pieces)
    # A token is two letters at least, on the mean of any text; a sign of other scripts may be three tokens.
    tokens = min(4_096, 32 + (longest // 2 if spaced else longest * 3))
    return {"guide": guide.model_dump(mode="json"), "max_tokens": tokens, "logprobs": 0}


def forbidden(filled: Filled, voice: Voice, locale: str) -> tuple[str, ...]:
    """What no gap says: what the voice avoids, and words for numbers and units that the facts do not have."""
    words = lexicon(locale)
    said = set(" ".join(filled.facts.values()).casefold().split())
    listed: Sequence[str] = [*words.numbers, *words.units] if words is not None and words.spaced else []
    if words is not None and not words.spaced:
        listed = [*words.units]
    kept = [each for each in listed if each.isalpha() and len(each) > 1 and each not in said]
    avoided = [" ".join(each.casefold().split()) for each in voice.avoid]
    return tuple(dict.fromkeys([*avoided, *kept]))[:200]


def check_ways(parts: Iterable[Part], locale: str) -> None:
    """Raises TemplateInvalid for a way that no gap of this language could have."""
    for part in parts:
        if isinstance(part, Optional):
            check_ways(part.parts, locale)
        if isinstance(part, Gap):
            for way in part.ways:
                _check_way(way, locale)


def _check_way(way: str, locale: str) -> None:
    bare = way.removesuffix("…").strip()
    letters = re.sub("[-,'’ ，、]", "", bare)
    if not letters.isalpha() or not re.fullmatch(f"{_LETTERS[_letters(locale)]}+", letters):
        raise TemplateInvalid(f"{way!r} is not written in the letters of {locale}.", field="body")
    never = forbidden(Filled((), {}), PLAIN, locale)
    if not _is_free(way, never, locale):
        raise TemplateInvalid(f"{way!r} has a word for a number or a unit: gaps have none.", field="body")


def _left(blank: Blank, never: Sequence[str], locale: str) -> tuple[str, ...]:
    left = tuple(way for way in blank.ways if _is_free(way, never, locale))
    if blank.ways and not left:
        raise VoiceTooStrict(
            f"The voice avoids all ways to fill [{blank.hint}]: take words out of its list, or add ways to the template.",
            field="input.writing.voice",
        )
    return left


def _offered(ways: Sequence[str], facts: Mapping[str, str]) -> tuple[str, ...]:
    """Of the ways that are whole a few, other ones for each row and the same whenever it is written again: left to itself a model says in
    all rows of a feed what it finds the likeliest."""
    row = "\n".join(facts.values())
    whole = [way for way in ways if not way.endswith("…")]
    drawn = set(sorted(whole, key=lambda way: sha256(f"{row}\n{way}".encode()).digest())[:OFFERED])
    return tuple(way for way in ways if way.endswith("…") or way in drawn)


def _is_free(way: str, never: Iterable[str], locale: str) -> bool:
    """Whether a way has nothing that is forbidden."""
    bare = way.removesuffix("…").strip()
    if not is_spaced(locale):
        return not any(each in bare for each in never)
    return not any(says(bare, each) for each in never)


def says(text: str, phrase: str) -> bool:
    """Whether a text has these words in this order, in any case; a word also as its plural."""
    found = [root(word) for word in re.findall(r"[^\W\d_]+", text)]
    asked = [root(word) for word in re.findall(r"[^\W\d_]+", phrase)]
    return bool(asked) and any(found[at : at + len(asked)] == asked for at in range(len(found)))


def _letters(locale: str) -> Any:
    if not is_spaced(locale):
        return "han"
    return "ascii" if language_of(locale) == "en" else "latin"
