"""What is wrong with texts that were written by a template, and which is the best of them.

text ─┬─ gaps: each ends before its bound, so that none was cut           ─┐
      ├─ channel: within its limit, and it ends as texts there do          ├─> findings ─┐
      └─ facts: no number, unit, name, claim, attribute beyond them       ─┘             ├─> Review
chances of what the model wrote itself, likeness to the facts ────────────> score ──────┘
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pressroom.contract.copy import Writing
from pressroom.contract.guide import LockedGap, LockedGuide, LockedText
from pressroom.contract.params import TextParams
from pressroom.domain.chances import TokenChance
from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.checking import unsupported
from pressroom.domain.copy.filling import margin
from pressroom.domain.copy.ranking import Candidate, in_order, words_in_common
from pressroom.domain.copy.review import Review
from pressroom.jobs.copy_guide import says
from pressroom.jobs.copy_json import wrong_with

_LEAST_CHANCE = -30.0

Likeness = Callable[[Sequence[str], str], Sequence[float]]
"""How near each of some texts is to the facts, from 0 to 1."""

Gaps = Sequence[tuple[LockedGap, slice]]
"""The gaps of a text, and where each is in it."""


@dataclass(frozen=True, slots=True)
class Written:
    """A candidate. ``tokens`` in order, with their chances; ``whole``: its end is the guide's."""

    index: int
    text: str
    tokens: Sequence[TokenChance]
    whole: bool = True


def by_words(texts: Sequence[str], facts: str) -> Sequence[float]:
    """``Likeness`` by the words in common."""
    return [words_in_common(text, facts) for text in texts]


def judge(
    writing: Writing, params: TextParams, written: Sequence[Written], likeness: Likeness = by_words
) -> dict[int, Review]:
    """A review of each candidate, by its index."""
    if not isinstance(params.guide, LockedGuide):
        return {}
    guide, facts = params.guide, "\n".join(writing.facts.values())
    gaps = {each.index: gaps_of(guide, each.text) for each in written}
    near = likeness([_said(each.text, gaps[each.index]) for each in written], facts)
    findings = {each.index: tuple(_findings(each, writing, guide, gaps[each.index])) for each in written}
    ordered = in_order(
        [
            Candidate(
                each.index, each.text, chance_in(each, gaps[each.index]), close, len(findings[each.index])
            )
            for each, close in zip(written, near, strict=True)
        ]
    )
    return {
        each.index: Review(rank, round(each.score, 4), round(each.likeness, 4), findings[each.index])
        for rank, each in enumerate(ordered, start=1)
    }


def _findings(written: Written, writing: Writing, guide: LockedGuide, gaps: Gaps) -> Iterator[str]:
    channel, locale = CHANNELS.get(writing.channel or ""), writing.locale or "en"
    if not written.whole:
        yield "It was not written to its end."
    for gap, place in gaps:
        text = written.text[place]
        if not is_way(text, gap) and _is_full(text, gap, guide, locale):
            yield f"“… {' '.join(text.split()[-3:])[-60:]}” fills its gap: its last word may be cut."
    wrong = wrong_with(written.text, writing.json_schema) if writing.json_schema is not None else None
    if wrong is not None:
        yield f"It is not valid by its schema: {wrong}"
    if channel is not None and not channel.fits(written.text):
        yield f"It is {channel.count(written.text)} long, and {channel.name} takes {channel.most(written.text)}."
    if channel is not None and not channel.ends_well(written.text):
        yield "It does not end as texts do there."
    said = " … ".join(written.text[place] for place in _own(written.text, gaps))
    for phrase in guide.forbidden:
        # Single words are not in the grammar, and ways that have them are not in the guide.
        if " " in phrase and says(said, phrase):
            yield f"The voice avoids “{phrase}”."
    # What the template says by itself, its author answers for.
    fast = [part.text for part in guide.parts if isinstance(part, LockedText)]
    for finding in unsupported(written.text, [*writing.facts.values(), *fast], locale):
        yield finding.sentence


def is_way(text: str, gap: LockedGap) -> bool:
    """Whether a person wrote it, to its end."""
    return text in gap.ways or f"{text[0].lower()}{text[1:]}" in gap.ways


def _is_full(text: str, gap: LockedGap, guide: LockedGuide, locale: str) -> bool:
    words = 0 if guide.letters == "han" else len(text.split())
    return len(text) > gap.chars - margin(locale) or words >= gap.most


def chance_in(written: Written, gaps: Gaps) -> float:
    """Mean log-probability of the tokens that the model has written itself: of those that begin in a gap, and in no way that a person
    wrote to its end. What stands fast is the same in all candidates, and may be next to impossible to the model: it says nothing
    of them. 0 where there is no such token."""
    bytes_to = [0, *accumulate(len(sign.encode()) for sign in written.text)]
    inside = [(bytes_to[place.start], bytes_to[place.stop]) for place in _own(written.text, gaps)]
    at, chances = 0, list[float]()
    for token in written.tokens:
        # A token is in the gap that its first letter is in: most begin with the space before it.
        first = at + len(token.spelling) - len(token.spelling.lstrip())
        if any(start <= first < stop for start, stop in inside):
            chances.append(max(token.logprob, _LEAST_CHANCE))
        at += len(token.spelling)
    return sum(chances) / len(chances) if chances else 0.0


def _said(text: str, gaps: Gaps) -> str:
    """What tells candidates apart: the model's own words, else what stands in the gaps."""
    places = _own(text, gaps) or [place for _, place in gaps]
    return " … ".join(text[place] for place in places)


def _own(text: str, gaps: Gaps) -> Sequence[slice]:
    """Where the model's own words are."""
    return [place for gap, place in gaps if not is_way(text[place], gap)]


def gaps_of(guide: LockedGuide, text: str) -> Gaps:
    """Where each gap of a text is, the shortest that goes; nothing of one that is not the guide's.

    Each place of the text is tried once for each part, so that a text that does not fit takes no longer than one that does."""
    dead: set[tuple[int, int]] = set()
    ends: list[int] = []

    def goes(part: int, at: int) -> bool:
        """Whether the parts from this one on are the rest of the text; their ends are put into ``ends``, the last first."""
        if part == len(guide.parts):
            return at == len(text)
        if (part, at) in dead:
            return False
        for end in _ends(guide.parts[part], text, at):
            if goes(part + 1, end):
                ends.append(end)
                return True
        dead.add((part, at))
        return False

    if not goes(0, 0):
        return []
    bounds = [0, *reversed(ends)]
    return [
        (part, slice(start, end))
        for part, start, end in zip(guide.parts, bounds[:-1], bounds[1:], strict=True)
        if isinstance(part, LockedGap)
    ]


def _ends(part: LockedText | LockedGap, text: str, at: int) -> range:
    """Where a part that begins there may end."""
    if isinstance(part, LockedGap):
        return range(at + 1, min(at + part.chars, len(text)) + 1)
    return range(at + len(part.text), at + len(part.text) + 1) if text.startswith(part.text, at) else range(0)
