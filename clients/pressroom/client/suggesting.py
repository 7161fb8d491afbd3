"""Which items are near a reader's interests, as data: what has to be read by a model, and the order that follows. No I/O here.

    readers, items ──unread──> texts ──a model that reads──> vectors ──take──> suggestions

    likeness   cosine of the vectors of an interest and an item, where a model has read both; else words in common
    sameness   how much of an item a better one says already: cosine, or words in common

Each next one is the best of the rest by likeness less SAMENESS_WEIGHT · sameness (maximal marginal relevance, Carbonell and Goldstein
1998), as ``pressroom.domain.copy.ranking`` has it for candidates.
"""

import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pressroom.client import words
from pressroom.client.calls import JobOptions, write_request
from pressroom.client.errors import ClientError, NotSendable
from pressroom.client.picking import best, picked
from pressroom.contract.jobs import MOST_TEXTS, JobView, ModelCard

By = Literal["meaning", "words"]
"""What tells how near an item is: a model that reads, or the words that it has in common with an interest."""

TEMPLATE = "content-suggestion"

LEAST = 0.28
"""How near an item is at least, by meaning, with ``all-minilm-l6-v2``. On the set of tests/support/reading_list.py by which it was chosen it
keeps 19 of 20 pairs that a person holds to fit, 1 of 180 others, and none of 100 with an interest that no item is about; on a second one,
written afterwards, 13 of 20, 1 of 200, and 2 of 100. At 0.22 it would be 17 of 20 there, and 16 of 200: who would rather see too much says
``least``."""

SAMENESS_WEIGHT = 0.5
SAME = 0.9
"""What is this much the same as a better one is left out: of the same list, a text in other words is at 0.93 of what it retells, another
one about the same at 0.82, and no two different ones are above 0.52."""

# A reading job takes so many texts; its body stays well below the 1 MiB that a server takes unless it is told otherwise.
_MOST_BYTES = 500_000
# More than a model reads of a text before it cuts it.
_MOST_SIGNS = 2_000
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")


@dataclass(frozen=True, slots=True)
class Item:
    """Something to read: its title, some words about it, and where it is."""

    title: str
    text: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``rank`` 1 is the first. ``interest`` is the one that it fits best, ``likeness`` how near it is to that, from 0 to 1; those of
    different ``by`` are not to be compared. ``job`` is the one that wrote about it, if any did."""

    rank: int
    interest: str
    item: Item
    likeness: float
    by: By
    job: JobView | None = None

    @property
    def text(self) -> str | None:
        """The best of what was written; None where nothing was."""
        return None if self.job is None else best(self.job).text

    def written(self, job: JobView) -> "Suggestion":
        return replace(self, job=job)

    def request(
        self,
        *,
        model: str,
        template: str = TEMPLATE,
        voice: str | None = None,
        params: Mapping[str, Any] | None = None,
        job: JobOptions | None = None,
    ) -> dict[str, Any]:
        """The body of the job that writes about it. The template has to have variables ``interest``, ``title`` and ``link``."""
        facts = {"interest": self.interest, "title": self.item.title}
        if self.item.link:
            facts["link"] = self.item.link
        return write_request(template, facts, model=model, voice=voice, params=params, job=job)


Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Fit:
    likeness: float
    interest: str
    by: By


class Ranking:
    """What is nearest to the interests of each of several readers, ``top`` at most. Raises NotSendable for what cannot be ranked."""

    def __init__(
        self,
        readers: Mapping[str, Sequence[str]],
        items: Sequence[Item | Mapping[str, str]],
        *,
        top: int,
        least: float | None = None,
    ) -> None:
        if top < 1:
            raise NotSendable("top has to be 1 or more: so many are suggested at most.")
        self._top = top
        self._least = LEAST if least is None else least
        self._readers = {name: _interests(given) for name, given in readers.items()}
        self._items = _distinct([_item(n, given) for n, given in enumerate(items, 1)])
        self._texts = [_read(item) for item in self._items]
        self._titles = [words.said(item.title) for item in self._items]
        self._words = [words.said(text) for text in self._texts]
        self._vectors: dict[str, Vector] = {}
        self._near: dict[str, dict[int, _Fit]] = {}

    def unread(self, languages: Sequence[str]) -> Iterator[list[str]]:
        """Texts that a model of these languages has to read, each once, as many at a time as a job takes."""
        asked = dict.fromkeys(each for interests in self._readers.values() for each in interests)
        wanted = [each for each in asked if _readable(each, languages)]
        offered = [each for each in dict.fromkeys(self._texts) if _readable(each, languages)]
        if not wanted or not offered:
            return
        held, size = list[str](), 0
        for text in dict.fromkeys([_cut(each) for each in wanted] + offered):
            length = len(text.encode(errors="replace"))
            if held and (len(held) == MOST_TEXTS or size + length > _MOST_BYTES):
                yield held
                held, size = [], 0
            held.append(text)
            size += length
        yield held

    def take(self, texts: Sequence[str], vectors: Sequence[Sequence[float]]) -> None:
        """The vectors of some of those texts. One of length 0 tells nothing: its text is compared by its words."""
        for text, each in zip(texts, vectors, strict=True):
            if length := math.hypot(*each):
                self._vectors[text] = tuple(number / length for number in each)

    def suggestions(self) -> dict[str, list[Suggestion]]:
        """Of each reader, the best first; none where no item is near."""
        return {name: self._suggested(interests) for name, interests in self._readers.items()}

    def _suggested(self, interests: Sequence[str]) -> list[Suggestion]:
        fits: dict[int, _Fit] = {}
        for interest in interests:
            for n, fit in self._near_to(interest).items():
                if n not in fits or fit.likeness > fits[n].likeness:
                    fits[n] = fit
        return [
            Suggestion(rank, fits[n].interest, self._items[n], fits[n].likeness, fits[n].by)
            for rank, n in enumerate(self._chosen(fits), 1)
        ]

    def _chosen(self, fits: Mapping[int, _Fit]) -> Iterator[int]:
        left = dict.fromkeys(fits, 0.0)  # how much of each was said already
        for _ in range(self._top):
            if not left:
                return
            first = max(left, key=lambda n: (fits[n].likeness - SAMENESS_WEIGHT * left[n], -n))
            yield first
            del left[first]
            for n in tuple(left):
                left[n] = max(left[n], self._sameness(first, n))
                if left[n] >= SAME:
                    del left[n]

    def _near_to(self, interest: str) -> Mapping[int, _Fit]:
        """The items that are near an interest. Many readers may have the same one."""
        if interest not in self._near:
            vector, asked = self._vectors.get(_cut(interest)), words.asked(interest)
            self._near[interest] = near = {}
            for n, text in enumerate(self._texts):
                other = self._vectors.get(text)
                if vector is not None and other is not None:
                    likeness = _cosine(vector, other)
                    if likeness >= self._least:
                        near[n] = _Fit(likeness, interest, "meaning")
                elif likeness := words.share(asked, self._titles[n], self._words[n]):
                    near[n] = _Fit(likeness, interest, "words")
        return self._near[interest]

    def _sameness(self, one: int, other: int) -> float:
        first, second = self._vectors.get(self._texts[one]), self._vectors.get(self._texts[other])
        if first is not None and second is not None:
            return _cosine(first, second)
        return words.in_common(self._words[one], self._words[other])


def picked_reader(
    cards: Sequence[ModelCard], by: By | None, name: str | None, base_url: str
) -> ModelCard | None:
    """The embedding model that tells how near items are: the one that was named; else the first that a live worker runs, since a job
    for another would wait. None: words tell it.

    Raises ClientError where ``by`` or ``name`` ask for one that is not there."""
    if by == "words":
        return None
    if name is not None:
        named = next((card for card in cards if card.name == name.partition("@")[0]), None)
        if named is None or named.kind != "embedding":
            raise ClientError(
                f"{base_url} offers no embedding model {name}. Pull or import one on the server."
            )
        return named.model_copy(update={"name": name})
    if by == "meaning":
        return picked(cards, "embedding", None, base_url)
    return next((card for card in cards if card.kind == "embedding" and card.live_workers), None)


def _interests(given: Sequence[str]) -> tuple[str, ...]:
    """Each once, whatever its case."""
    if isinstance(given, str):
        raise NotSendable(f"Interests are a list: give [{given!r}].")
    kept: dict[str, str] = {}
    for each in (" ".join(each.split()) for each in given):
        if each:
            kept.setdefault(each.casefold(), each)
    return tuple(kept.values())


def _item(n: int, given: Item | Mapping[str, str]) -> Item:
    if not isinstance(given, Item):
        title, text, link = (given.get(name) or "" for name in ("title", "text", "link"))
        given = Item(title, text, link)
    plain = Item(" ".join(given.title.split()), " ".join(given.text.split()), given.link.strip())
    if not plain.title:
        raise NotSendable(f"Item {n} has no title.")
    return plain


def _distinct(items: Sequence[Item]) -> list[Item]:
    """Without those that lead where an earlier one does, or say the same words."""
    seen, kept = set[object](), list[Item]()
    for item in items:
        marks: set[object] = {(item.title.casefold(), item.text.casefold())}
        if item.link:
            marks.add(item.link)
        if not marks & seen:
            kept.append(item)
        seen |= marks
    return kept


def _read(item: Item) -> str:
    """What is read of an item."""
    end = " " if item.title.endswith(_SENTENCE_ENDS) else ". "
    return _cut(f"{item.title}{end}{item.text}" if item.text else item.title)


def _cut(text: str) -> str:
    return text[:_MOST_SIGNS].rstrip()


def _readable(text: str, languages: Sequence[str]) -> bool:
    """A model of English takes any two texts in other letters for alike: they are compared by their words."""
    if any(not each.lower().startswith("en") for each in languages):
        return True
    letters = [sign for sign in text if sign.isalpha()]
    latin = sum(unicodedata.name(sign, "").startswith("LATIN") for sign in letters)
    return not letters or 2 * latin >= len(letters)


def _cosine(one: Vector, other: Vector) -> float:
    """Of two vectors of length 1, at least 0; by their distance, which Python computes four times as fast as their product."""
    return min(max(1.0 - math.dist(one, other) ** 2 / 2, 0.0), 1.0)
