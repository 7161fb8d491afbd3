"""Templates as people read them: channels and languages in words, and the text with its facts, gaps and optional pieces marked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from pressroom.catalog.templates import shipped_templates
from pressroom.domain.copy.channels import CHANNELS, Channel
from pressroom.domain.copy.lexicon import language_of, lexicon
from pressroom.domain.copy.template import Fact, Gap, Include, Optional, Part, TemplateInvalid, Words, parse
from pressroom.jobs.copy_ports import KeptCopy

FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Products", ("product_title", "product_description", "alt_text")),
    ("Search and advertising", ("seo_title", "meta_description", "ad_headline")),
    ("Short messages", ("tweet", "sms")),
    ("Mail", ("email_subject", "email_body", "letter")),
    ("News and reports", ("announcement", "press_release", "report_summary")),
    ("For programs", ("json",)),
)
"""Channels by what people come for."""
_OTHERS = "Others"

_SPELT = {"json": "JSON", "seo_title": "SEO title", "sms": "text message", "tweet": "social post"}
_COUNTED = {
    "tweet": "signs, as it counts them: Chinese, Japanese, Korean and emoji are two, an address 23",
    "sms": "septets; 70 signs where one is not in the GSM alphabet",
}
_LANGUAGES = {
    "en": "English",
    "zh": "Chinese",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "pl": "Polish",
    "ja": "Japanese",
    "ko": "Korean",
}
_VERSIONS = 12


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of a text for the page. ``n`` counts the gaps; ``parts`` are those of an optional piece, ``needs`` its facts."""

    kind: str
    text: str = ""
    short: bool = False
    n: int = 0
    fewest: int = 0
    most: int = 0
    ways: tuple[str, ...] = ()
    parts: "tuple[Mark, ...]" = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A template of a list or on its page. ``over``: it goes before one that comes with Pressroom."""

    kept: KeptCopy
    marks: tuple[Mark, ...]

    @property
    def name(self) -> str:
        return self.kept.name

    @property
    def body(self) -> Mapping[str, Any]:
        return self.kept.body

    @property
    def shipped(self) -> bool:
        return self.kept.created_at is None

    @property
    def over(self) -> bool:
        return not self.shipped and self.name in shipped_templates()

    @property
    def gaps(self) -> tuple[Mark, ...]:
        return tuple(_gaps(self.marks))


def shown(kept: KeptCopy) -> Shown:
    return Shown(kept, marks_of(str(kept.body.get("body", ""))))


def by_family(found: Sequence[KeptCopy]) -> list[tuple[str, list[Shown]]]:
    """Those that have any, each by channel and name."""
    order = [channel for _, channels in FAMILIES for channel in channels]
    made: dict[str, list[Shown]] = {}
    for kept in sorted(found, key=lambda each: (_place(order, each.body["channel"]), each.name)):
        made.setdefault(_family(str(kept.body["channel"])), []).append(shown(kept))
    return [(name, made[name]) for name in (*(name for name, _ in FAMILIES), _OTHERS) if name in made]


def marks_of(body: str) -> tuple[Mark, ...]:
    """The parts of a text; one that cannot be read is words."""
    try:
        return tuple(_marks(parse(body), count(1)))
    except TemplateInvalid:
        return (Mark("words", body),)


def versions_of(newest: KeptCopy) -> list[int]:
    """The newest ones first, as many as one looks at; none of what comes with Pressroom."""
    if newest.created_at is None:
        return []
    return list(range(newest.version, max(0, newest.version - _VERSIONS), -1))


def languages_of(found: Iterable[KeptCopy]) -> list[str]:
    return sorted({language_of(str(each.body["locale"])) for each in found})


def channel_words(name: str) -> str:
    return _SPELT.get(name, name.replace("_", " "))


def limit_words(name: str) -> str:
    """How long a text of a channel may be."""
    channel = CHANNELS.get(name)
    return "" if channel is None else f"{channel.limit:,} {_unit(channel)}"


def counted_words(name: str) -> str:
    """What is counted there."""
    return _COUNTED.get(name, "characters")


def language_words(locale: str) -> str:
    """A locale in words, where its language is known here: ``Chinese``, ``German (de-AT)``."""
    word = _LANGUAGES.get(language_of(locale))
    if word is None or locale == language_of(locale):
        return word or locale
    return f"{word} ({locale})"


def gap_words(mark: Mark, locale: str) -> str:
    """How long a gap is."""
    words = lexicon(locale)
    unit = "words" if words is None or words.spaced else "signs"
    return f"{mark.fewest}–{mark.most} {unit}"


def _unit(channel: Channel) -> str:
    return {"sms": "septets", "tweet": "signs"}.get(channel.counted, "characters")


def _need(fact: Fact) -> str:
    return f"{fact.name} is not said yet" if fact.new else fact.name


def _place(order: Sequence[str], channel: str) -> int:
    return order.index(channel) if channel in order else len(order)


def _family(channel: str) -> str:
    return next((name for name, channels in FAMILIES if channel in channels), _OTHERS)


def _marks(parts: Iterable[Part], numbers: Iterator[int]) -> Iterator[Mark]:
    for part in parts:
        match part:
            case Words(text):
                yield Mark("words", text)
            case Fact(name, short):
                yield Mark("fact", name, short)
            case Gap(hint, fewest, most, ways):
                yield Mark("gap", hint, n=next(numbers), fewest=fewest, most=most, ways=ways)
            case Include(name):
                yield Mark("include", name)
            case Optional(inner):
                needs = tuple(dict.fromkeys(_need(each) for each in inner if isinstance(each, Fact)))
                yield Mark("optional", parts=tuple(_marks(inner, numbers)), needs=needs)


def _gaps(marks: Iterable[Mark]) -> Iterator[Mark]:
    for mark in marks:
        if mark.kind == "gap":
            yield mark
        yield from _gaps(mark.parts)
