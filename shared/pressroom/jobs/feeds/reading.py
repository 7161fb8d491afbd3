"""Lines of a feed as rows: a table with a header (CSV, whatever stands between its cells), or a JSON object a line.

    lines ──header──> columns ──rows──> values by column, or what is wrong with the row and where it stands

A row that is wrong harms no other. A quote that is never closed takes the lines behind it along, since nothing tells where it should have
been: they are named with it, from its line to the one where a cell ends.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NoReturn

from pressroom.domain.errors import InputInvalid, PressroomError
from pressroom.jobs.feeds.decoding import LONGEST_LINE, Line

Form = Literal["csv", "jsonl"]

MOST_COLUMNS = 400
LONGEST_CELL = 131_072
_LONGEST_ROW = LONGEST_LINE
_BETWEEN = ",;\t|"
_LARGE_CELL = f"has a cell of more than {LONGEST_CELL:,} characters"


@dataclass(frozen=True, slots=True)
class FeedRow:
    """Row ``n``, from 1, which begins in a line of the file. ``values`` by column; or what is wrong with it."""

    n: int
    line: int
    values: Mapping[str, str] = field(default_factory=dict)
    wrong: PressroomError | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """``columns`` in their order; ``rows`` are read once, as they come."""

    columns: tuple[str, ...]
    rows: Iterator[FeedRow]


def read(lines: Iterator[Line], form: Form) -> Table:
    """Raises InputInvalid for a feed without a header, or with one that is none."""
    return _csv(lines) if form == "csv" else _jsonl(lines)


# -- CSV ----------------------------------------------------------------------------------------------


def _csv(lines: Iterator[Line]) -> Table:
    pull = _Pull(lines)
    first = pull.peek()
    if first is None:
        raise InputInvalid("The feed is empty: its first line names the columns.", field="feed")
    if first.wrong:
        raise InputInvalid(f"The first line {first.wrong}; it names the columns.", field="feed")
    between = max(_BETWEEN, key=first.text.count) if any(each in first.text for each in _BETWEEN) else ","
    reader = csv.reader(pull, delimiter=between, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
    except (csv.Error, _Stopped, StopIteration) as error:
        raise InputInvalid(f"The first line names no columns: {error}.", field="feed") from None
    _check_header(header)
    return Table(tuple(header), _csv_rows(pull, reader, header, between))


def _check_header(header: list[str]) -> None:
    if len(header) > MOST_COLUMNS:
        raise InputInvalid(
            f"The feed has {len(header)} columns; at most {MOST_COLUMNS} are read.", field="feed"
        )
    for n, name in enumerate(header, start=1):
        if not name:
            raise InputInvalid(f"Column {n} of the feed has no name.", field="feed")
        if header.index(name) + 1 != n:
            raise InputInvalid(f"The feed has two columns of the name {name!r}.", field="feed")


def _csv_rows(
    pull: "_Pull", reader: Iterator[list[str]], header: list[str], between: str
) -> Iterator[FeedRow]:
    n = 0
    while True:
        pull.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _Stopped as stopped:
            n += 1
            yield FeedRow(n, pull.line, wrong=pull.passed_over(str(stopped), between))
            continue
        except csv.Error as error:
            n += 1
            told = _in_words(error)
            wrong = pull.passed_over(told, between) if told is _LARGE_CELL else _wrong(pull, told)
            yield FeedRow(n, pull.line, wrong=wrong)
            continue
        if not cells:
            continue  # a blank line
        n += 1
        if len(cells) != len(header):
            told = f"has {len(cells)} cells, and the header {len(header)}"
            yield FeedRow(n, pull.line, wrong=_wrong(pull, told))
        else:
            yield FeedRow(n, pull.line, dict(zip(header, (cell.strip() for cell in cells), strict=True)))


def _wrong(pull: "_Pull", told: str) -> InputInvalid:
    where = f"Line {pull.line}" if pull.last == pull.line else f"Lines {pull.line} to {pull.last}"
    return InputInvalid(f"{where}: the row {told}.", field="row")


def _in_words(error: csv.Error) -> str:
    said = str(error)
    if "field larger" in said:
        return _LARGE_CELL
    if "unexpected end of data" in said:
        return "has a quote that is not closed"
    if "expected after" in said:
        return "goes on behind a closed quote, where a cell ends; a quote in a cell is written twice"
    return f"is no CSV ({said})"


class _Stopped(Exception):
    """A line that is none, or a row that is too long, in the middle of a row."""


class _Pull:
    """Gives the reader its lines, and knows which row they belong to."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._next: Line | None = None
        self._size = 0
        self.line = self.last = 0

    def __iter__(self) -> "_Pull":
        return self

    def __next__(self) -> str:
        line = self._take()
        if not self._size:
            self.line = line.number
        self.last = line.number
        self._size += len(line.text) + 1
        if line.wrong:
            raise _Stopped(line.wrong)
        if self._size > _LONGEST_ROW:
            raise _Stopped(f"is longer than {_LONGEST_ROW:,} characters, or has a quote that is not closed")
        return f"{line.text}\n"

    def peek(self) -> Line | None:
        if self._next is None:
            self._next = next(self._lines, None)
        return self._next

    def begin(self) -> None:
        """A row begins with the next line."""
        self._size = 0

    def passed_over(self, told: str, between: str) -> InputInvalid:
        """Goes on behind a row that could not be read: to the end of its cell where it stands in one, and tells how far that was."""
        if self.last > self.line:
            while self.peek() is not None:
                line = self._take()
                self.last = line.number
                if _ends_a_cell(line.text, between):
                    break
        return _wrong(self, told)

    def _take(self) -> Line:
        line = self.peek()
        if line is None:
            raise StopIteration
        self._next = None
        return line


def _ends_a_cell(line: str, between: str) -> bool:
    return line.endswith('"') or f'"{between}' in line


# -- JSON lines ---------------------------------------------------------------------------------------


def _jsonl(lines: Iterator[Line]) -> Table:
    rows = _jsonl_rows(lines)
    held: list[FeedRow] = []
    for row in rows:
        held.append(row)
        if row.wrong is None:
            _check_header(list(row.values))
            return Table(tuple(row.values), chain(held, rows))
        if len(held) >= 1_000:
            break
    raise InputInvalid("The feed has no row that is a JSON object: one a line.", field="feed")


def _jsonl_rows(lines: Iterator[Line]) -> Iterator[FeedRow]:
    n = 0
    for line in lines:
        if not line.text.strip() and not line.wrong:
            continue
        n += 1
        try:
            yield FeedRow(n, line.number, _values(line))
        except InputInvalid as wrong:
            yield FeedRow(n, line.number, wrong=wrong)


def _values(line: Line) -> dict[str, str]:
    """Raises InputInvalid."""
    where = f"Line {line.number}: the row"
    if line.wrong:
        raise InputInvalid(f"{where} {line.wrong}.", field="row")
    if len(line.text) > _LONGEST_ROW:
        raise InputInvalid(f"{where} is longer than {_LONGEST_ROW:,} characters.", field="row")
    try:
        # Numbers as they stand there: 19.90 is no 19.9 to a shop.
        told: Any = json.loads(line.text, parse_float=str, parse_int=str, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InputInvalid(f"{where} is no JSON ({error}).", field="row") from None
    if not isinstance(told, dict):
        raise InputInvalid(f"{where} is no JSON object.", field="row")
    return {name: _cell(value, name, where) for name, value in told.items()}


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _cell(value: Any, name: str, where: str) -> str:
    _check_text(name, repr(name), where)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = "; ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputInvalid(
            f"{where} has an object in {name!r}: a cell is a text, a number or a list of them.", field="row"
        )
    text = value.strip()
    _check_text(text, repr(name), where)
    return text


def _check_text(text: str, name: str, where: str) -> None:
    """Raises InputInvalid for what JSON can spell, and no database keeps."""
    if "\0" in text or len(text) > LONGEST_CELL:
        raise InputInvalid(
            f"{where} has a NUL in {name}, or more than {LONGEST_CELL:,} characters.", field="row"
        )
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputInvalid(
            f"{where} has half a character in {name}: a surrogate that stands alone.", field="row"
        )
