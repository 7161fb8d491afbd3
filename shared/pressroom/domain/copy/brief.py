"""What a model is told: whose voice it has, what the facts are, and what belongs into the gaps.

The text itself is its answer, and is forced by the guide; the brief says what for. It is the same for all rows of a feed up to the
facts, which come last, so that the rows share what the model has read of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pressroom.domain.copy.filling import Blank, Filled, Set
from pressroom.domain.copy.lexicon import language_of


@dataclass(frozen=True, slots=True)
class Voice:
    """How a brand speaks. ``use`` and ``avoid`` are words; ``examples`` are texts of it."""

    name: str
    locale: str
    tone: str = ""
    audience: str = ""
    use: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


PLAIN = Voice("plain", "")
"""Where nobody has said how."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row that somebody has written already: its pieces, and what stands in the gaps."""

    filled: Filled
    gaps: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole of it."""
        return self.filled.text(self.gaps)


@dataclass(frozen=True, slots=True)
class Brief:
    """``system``, then for each of ``examples`` a request and its answer, then the ``request``: a conversation."""

    system: str
    examples: tuple[tuple[str, str], ...]
    request: str


def brief(
    what: str, instructions: str, filled: Filled, voice: Voice, locale: str, examples: Sequence[Example] = ()
) -> Brief:
    """``what`` is written, e.g. a product description; ``instructions`` and ``examples`` are the template's own."""
    words = _CHINESE if language_of(locale) == "zh" else _ENGLISH
    system = [words["write"].format(what=what)]
    for said, key in ((voice.tone, "tone"), (voice.audience, "audience")):
        if said:
            system.append(words[key].format(said=said))
    for listed, key in ((voice.use, "use"), (voice.avoid, "avoid")):
        if listed:
            system.append(words[key].format(said=words["comma"].join(listed)))
    system.append(words["only"])
    if instructions:
        system.append(instructions)
    if voice.examples:
        system.append("\n".join([words["examples"], *(f"- {each}" for each in voice.examples)]))
    shown = tuple((_request(each.filled, words), each.text) for each in examples)
    return Brief("\n".join(system), shown, _request(filled, words))


def _request(filled: Filled, words: Mapping[str, str]) -> str:
    lines = [words["facts"], *_facts(filled.facts)]
    if filled.blanks:
        lines += [words["gaps"], _with_gaps(filled.pieces)]
    return "\n".join(lines)


_ENGLISH: Mapping[str, str] = {
    "write": "You write one {what}.",
    "tone": "The tone is {said}.",
    "audience": "It is for {said}.",
    "use": "Words that belong to it: {said}.",
    "avoid": "Never say: {said}.",
    "only": "Say nothing about the product that the facts do not say: no numbers, no materials, no colours, no promises.",
    "examples": "It sounds like this:",
    "facts": "Facts:",
    "gaps": "The text, with what belongs into its gaps:",
    "comma": ", ",
}
_CHINESE: Mapping[str, str] = {
    "write": "请写一段{what}。",
    "tone": "语气：{said}。",
    "audience": "读者：{said}。",
    "use": "适用的词：{said}。",
    "avoid": "不要出现：{said}。",
    "only": "只写资料里有的内容：不要编造数字、材质、颜色或承诺。",
    "examples": "风格示例：",
    "facts": "资料：",
    "gaps": "全文如下，括号里是空白处的要求：",
    "comma": "、",
}


def _facts(facts: Mapping[str, str]) -> Sequence[str]:
    return [f"- {name.replace('_', ' ')}: {value}" for name, value in facts.items()]


def _with_gaps(pieces: Sequence[Set | Blank]) -> str:
    return "".join(piece.text if isinstance(piece, Set) else f"[{piece.hint}]" for piece in pieces)
