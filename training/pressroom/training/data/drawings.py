"""Drawings of one colour with the words that they are found by: two permissive sets of icons, from npm's packages.

    icons.json of each set ─┐
    tags.json of Lucide   ──┴─> Drawing (name, words, svg)

A drawing's words are its name's, and the tags that its makers gave it. What is turned or filled only is found by the same words,
after the plain one, since it has more of them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pressroom.engines.image.icons import Drawing, tokens
from pressroom.training.data import sources
from pressroom.training.data.errors import DataCorrupt
from pressroom.training.data.icons import FILE, document
from pressroom.training.data.licences import isc, mit
from pressroom.training.data.packages import Npm
from pressroom.training.data.sources import Say, Source

TAGS = "tags.json"

_LUCIDE = Source(
    name="drawings-lucide",
    title="Lucide",
    licence="ISC, © Lucide Icons and Contributors; some MIT, © Cole Bemis",
    files={FILE: "d7f318d772fabb60549c70939f9b05661afb34ca5aef1b2fa0bc35751219714c"},
    package=Npm("@iconify-json/lucide", "1.2.137"),
    megabytes=1,
    licence_text=isc("Copyright (c) 2026 Lucide Icons and Contributors")
    + "\nSome of them are derived from Feather.\n\n"
    + mit("Copyright (c) 2013-present Cole Bemis"),
)
_LUCIDE_TAGS = Source(
    name="drawings-lucide-tags",
    title="Lucide's tags",
    licence="ISC, © Lucide Icons and Contributors",
    files={TAGS: "9af7a675b5ce633fca9dcfee80bd192b3cf54fc8a92fa8a2d1922a4ca24591bd"},
    package=Npm("lucide-static", "1.62.0"),
    megabytes=7,
)
_TABLER = Source(
    name="drawings-tabler",
    title="Tabler Icons",
    licence="MIT, © Paweł Kuna",
    files={FILE: "86699edb64f904a978988b4abe5892820e30da6cfc8a4ff1390dd0adf6bcce00"},
    package=Npm("@iconify-json/tabler", "1.2.41"),
    megabytes=1,
    licence_text=mit("Copyright (c) 2020-present Paweł Kuna"),
)
SOURCES = (_LUCIDE, _LUCIDE_TAGS, _TABLER)


def load(folder: Path | None = None, *, say: Say = lambda line: None) -> list[Drawing]:
    """Both sets. ``folder`` has a folder for each source. Raises what ``sources.read`` raises."""

    def content(source: Source) -> bytes:
        (found,) = sources.read(source, folder / source.name if folder else None, say=say).values()
        return found

    tags = _json(content(_LUCIDE_TAGS), _LUCIDE_TAGS.title)
    return [
        *drawings_of("lucide", content(_LUCIDE), tags),
        *drawings_of("tabler", content(_TABLER), {}),
    ]


def drawings_of(name: str, content: bytes, tags: Mapping[str, Sequence[str]]) -> list[Drawing]:
    """Of one set, in the file's order, without hidden ones. Raises DataCorrupt."""
    told = _json(content, name)
    try:
        return [
            Drawing(f"{name}:{each}", _words(each, tags.get(each, ())), document(told, icon))
            for each, icon in told["icons"].items()
            if not icon.get("hidden")
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise DataCorrupt(f"{name}'s {FILE} is no set of icons ({error!r}): fetch it again.") from error


def _words(name: str, tags: Sequence[str]) -> tuple[str, ...]:
    """Those of the name first, each once."""
    return tuple(dict.fromkeys(tokens(" ".join([name, *tags]))))


def _json(content: bytes, title: str) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except ValueError as error:
        raise DataCorrupt(f"{title} is no JSON ({error}): fetch it again.") from error
    if not isinstance(told, dict):
        raise DataCorrupt(f"{title} is not what it was: fetch it again.")
    return told
