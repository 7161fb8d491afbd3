"""Texts with gaps between them, as a grammar of llguidance (its form of Lark).

A gap is words with something between, and all of it no longer than its bound:

    WORD   letters, but none of the forbidden words       TERM   WORD, WORD-WORD, WORD's
    LAST   TERM, but none that a text cannot end with     GAP    (TERM (", " | " ")){fewest - 1, most - 1} LAST,
                                                                   of so many characters, and with the right first letter

A gap with ways is one of them as it stands, or GAP that begins as one of them.

The whole is one terminal: a parser that cuts texts into terminals takes the longest, and would read ", in" of what stands fast as
more of the gap before it. Forbidden words are taken out of WORD and not out of the gap: what a gap must not have anywhere would be a product of all places
with all words, which the parser gives up on at some hundred words.
"""

import json
import re

from pressroom.contract.guide import LockedGap, LockedGuide

_LONGEST_WORD = 18
_BEGINS_ANOTHER = 4
_SMALL = {"ascii": "[a-z]", "latin": r"\p{Ll}"}
_ANY = {"ascii": "[A-Za-z]", "latin": r"\p{L}"}
_LARGE = {"ascii": "[A-Z]", "latin": r"\p{Lu}"}
# What may follow a word without a space: in English an apostrophe has few words behind which it stands and few ways to go on, and a model
# finds others where a space is not allowed ("of'talking", "but'll").
_NOT = "is|are|was|were|do|does|did|has|have|had|would|could|should|must|need"
_WHO = "I|you|he|she|it|we|they|who|that|there|what"
_JOINED = {
    "ascii": f"(/-/ WORD | /['’]s/)? | /(?i:(({_NOT})n|can|won)['’]t|({_WHO})['’](ll|re|ve|d|m))/",
    "latin": "(/[-'’]/ WORD)?",
}
_HAN = r"\p{Han}"


def is_sound(guide: LockedGuide) -> bool:
    """Whether its grammar can be read whatever its texts are: its bounds go up, and ways are nothing but words anyhow.

    Then nobody needs to read it to know that. False says nothing: such a one has to be read."""
    return all(_is_sound(part, guide) for part in guide.parts if isinstance(part, LockedGap))


def _is_sound(gap: LockedGap, guide: LockedGuide) -> bool:
    most = min(gap.most, gap.chars) if guide.letters == "han" else gap.most
    return gap.fewest <= most


def locked_grammar(guide: LockedGuide) -> str:
    """The grammar. Gaps of the same bounds are one terminal."""
    names: dict[LockedGap, str] = {}
    parts = [
        names.setdefault(part, f"GAP{len(names)}") if isinstance(part, LockedGap) else _literal(part.text)
        for part in guide.parts
    ]
    written = _han if guide.letters == "han" else _spaced
    rules = ["start: WHOLE", f"WHOLE: {' '.join(parts)}"]
    if names and guide.letters != "han":
        rules += _words(guide)
    rules += [f"{name}: {_gap(gap, written(gap, guide))}" for gap, name in names.items()]
    return "\n".join(rules)


def _literal(text: str) -> str:
    """The text between quotes. DEL is written out: between quotes the library reads none, and a cell may have one."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _words(guide: LockedGuide) -> list[str]:
    small, letters = _SMALL[guide.letters], _ANY[guide.letters]
    # One capital at most, in front: a gap names nobody.
    word = f"/{letters}{small}{{0,{_LONGEST_WORD - 1}}}/"
    plain = [each for each in guide.forbidden if re.fullmatch(r"[^\W\d_]+", each)]
    # A model that cannot end a word goes on with it, and says "feetway": so a long one does not begin another word either.
    long = [each for each in plain if len(each) >= _BEGINS_ANOTHER]
    if plain:
        word += f" & ~/(?i:({'|'.join(plain)})(s|es)?)/"
    if long:
        word += f" & ~/(?i:({'|'.join(long)}){small}*)/"
    rules = [f"WORD: {word}", f"TERM: WORD {_JOINED[guide.letters]}"]
    ends = [each for each in guide.not_last if re.fullmatch(r"[^\W\d_]+", each)]
    last = f"TERM & ~/(?i:({'|'.join(ends)}))/" if ends else "TERM"
    return [*rules, f"LAST: {last}"]


def _spaced(gap: LockedGap, guide: LockedGuide) -> str:
    first = (_LARGE if gap.large else _SMALL)[guide.letters]
    # Only the first word may be large: all behind it begin small, as the shape of the whole says.
    shape = f"/{first}({_SMALL[guide.letters]}|[-', ’])*/"
    terms = f"(TERM /,? /){{{gap.fewest - 1},{gap.most - 1}}} LAST" if gap.most > 1 else "LAST"
    return f"({terms}) & {shape} & /(?s:.{{1,{gap.chars}}})/"


def _han(gap: LockedGap, guide: LockedGuide) -> str:
    shape = f"/{_HAN}{{1,12}}([，、]{_HAN}{{1,12}})*/ & /(?s:.{{{gap.fewest},{min(gap.most, gap.chars)}}})/"
    signs = [each for each in guide.forbidden if re.fullmatch(f"{_HAN_SIGNS}+", each)]
    return f"{shape} & ~/(?s:.*({'|'.join(signs)}).*)/" if signs else shape


def _gap(gap: LockedGap, free: str) -> str:
    """What a person has written to its end stands as it is; what begins as one of the others goes on as a gap does."""
    if not gap.ways:
        return free
    ways = [f"{way[0].upper()}{way[1:]}" if gap.large else way for way in gap.ways]
    whole = [way for way in ways if not way.endswith("…")]
    begun = [f"{way.removesuffix('…')}.+" for way in ways if way.endswith("…")]
    # Ways are words: no sign of theirs means something to an expression.
    choices = [f"/{'|'.join(whole)}/"] if whole else []
    if begun:
        choices.append(f"({free} & /(?s:{'|'.join(begun)})/)")
    return " | ".join(choices)


_HAN_SIGNS = "[\u3400-\u9fff]"
