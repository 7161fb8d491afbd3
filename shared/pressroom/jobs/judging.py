"""What is wrong with texts that were written by a template, and which is the best of them.

text ─┬─ gaps: each ends before its bound, so that none was cut           ─┐
      ├─ channel: within its limit, and it ends as texts there do          ├─> findings ─┐
      └─ facts: no number, unit, name, claim, attribute beyond them       ─┘             ├─> Review
chances of its tokens, likeness to the facts ─────────────────────────────> score ──────┘
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pressroom.contract.copy import Writing
from pressroom.contract.guide import LockedGap, LockedGuide, LockedText
from pressroom.contract.params import TextParams
from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.checking import unsupported
from pressroom.domain.copy.filling import margin
from pressroom.domain.copy.ranking import Candidate, in_order, words_in_common
from pressroom.domain.copy.review import Review

Likeness = Callable[[Sequence[str], str], Sequence[float]]
"""How near each of some texts is to the facts, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Written:
    """A candidate. ``chance``: mean log-probability of its tokens; ``whole``: its end is the guide's."""

    index: int
    text: str
    chance: float
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
    near = likeness([each.text for each in written], facts)
    findings = {each.index: tuple(_findings(each, writing, guide)) for each in written}
    ordered = in_order(
        [
            Candidate(each.index, each.text, each.chance, close, len(findings[each.index]))
            for each, close in zip(written, near, strict=True)
        ]
    )
    return {
        each.index: Review(rank, round(each.score, 4), round(each.likeness, 4), findings[each.index])
        for rank, each in enumerate(ordered, start=1)
    }


def _findings(written: Written, writing: Writing, guide: LockedGuide) -> Iterator[str]:
    channel, locale = CHANNELS.get(writing.channel or ""), writing.locale or "en"
    if not written.whole:
        yield "It was not written to its end."
    for gap, text in gaps_of(guide, written.text):
        if len(text) > gap.chars - margin(locale) or (guide.letters != "han" and _words(text) >= gap.most):
            yield f"“… {' '.join(text.split()[-3:])[-60:]}” fills its gap: its last word may be cut."
    if channel is not None and not channel.fits(written.text):
        yield f"It is {channel.count(written.text)} long, and {channel.name} takes {channel.most(written.text)}."
    if channel is not None and not channel.ends_well(written.text):
        yield "It does not end as texts do there."
    # What the template says by itself, its author answers for.
    fast = [part.text for part in guide.parts if isinstance(part, LockedText)]
    for finding in unsupported(written.text, [*writing.facts.values(), *fast], locale):
        yield finding.sentence


def _words(text: str) -> int:
    return len(text.split())


def gaps_of(guide: LockedGuide, text: str) -> Sequence[tuple[LockedGap, str]]:
    """What stands in each gap of a text, the shortest that goes; nothing of one that is not the guide's.

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
        (part, text[start:end])
        for part, start, end in zip(guide.parts, bounds[:-1], bounds[1:], strict=True)
        if isinstance(part, LockedGap)
    ]


def _ends(part: LockedText | LockedGap, text: str, at: int) -> range:
    """Where a part that begins there may end."""
    if isinstance(part, LockedGap):
        return range(at + 1, min(at + part.chars, len(text)) + 1)
    return range(at + len(part.text), at + len(part.text) + 1) if text.startswith(part.text, at) else range(0)
