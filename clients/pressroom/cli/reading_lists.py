"""Tables of what there is to read, and of who reads: files that ``pressroom suggest`` takes, read as feeds are.

A row that is wrong harms no other: it is said and left out.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pressroom.cli import console
from pressroom.cli.stops import Misuse
from pressroom.client import Item
from pressroom.domain.errors import InputInvalid
from pressroom.jobs.feeds.decoding import lines_of
from pressroom.jobs.feeds.reading import FeedRow, read

_BETWEEN = re.compile(r"[;；]")


def articles_in(file: Path) -> list[Item]:
    """Of the columns ``title`` and, if they are there, ``text`` and ``link``. Raises Misuse."""
    found = []
    for row in _rows(file, "title"):
        title, text, link = (row.values.get(name, "") for name in ("title", "text", "link"))
        if title:
            found.append(Item(title, text, link))
        else:
            console.say(f"{file.name}, line {row.line}: the row has no title; it is left out.")
    if not found:
        raise Misuse(f"{file.name} has no row with a title.")
    return found


def readers_in(file: Path) -> dict[str, list[str]]:
    """Interests by reader, of the columns ``reader`` and ``interests``; a reader may have several rows. Raises Misuse."""
    found: dict[str, list[str]] = {}
    for row in _rows(file, "reader", "interests"):
        reader = row.values.get("reader", "")
        interests = [each.strip() for each in _BETWEEN.split(row.values.get("interests", ""))]
        if not reader:
            console.say(f"{file.name}, line {row.line}: the row has no reader; it is left out.")
        elif not any(interests):
            console.say(f"{file.name}, line {row.line}: {reader} has no interests and is left out.")
        else:
            found.setdefault(reader, []).extend(filter(None, interests))
    if not found:
        raise Misuse(f"{file.name} has no reader with interests.")
    return found


def _rows(file: Path, *needed: str) -> Iterator[FeedRow]:
    """Those that can be read. Raises Misuse for a file that is none, or has not the columns."""
    try:
        table = read(
            lines_of(iter([file.read_bytes()])), "jsonl" if file.suffix.lower() == ".jsonl" else "csv"
        )
        missing = [name for name in needed if name not in table.columns]
        if missing:
            raise Misuse(
                f"{file.name} has no column {missing[0]!r}. It has: {', '.join(table.columns)}. "
                f"Needed: {', '.join(needed)}."
            )
        for row in table.rows:
            if row.wrong is None:
                yield row
            else:
                console.say(f"{file.name}: {row.wrong.message} It is left out.")
    except OSError as error:
        raise Misuse(f"{file} cannot be read ({error.strerror or error}).") from error
    except InputInvalid as error:
        # Feeds are read so, and their errors speak of them.
        said = error.message.replace("The feed", "The table").replace("the feed", "the table")
        raise Misuse(f"{file.name}: {said}") from error
