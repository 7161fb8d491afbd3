"""Bytes of a feed as lines of text: UTF-8 or UTF-16, with or without a mark, never more in memory than a line and a chunk.

A line that is none says why and harms no other: it is too long, no UTF-8, or has NUL bytes in it.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from pressroom.domain.errors import InputInvalid

LONGEST_LINE = 1_048_576
"""Characters, or bytes of UTF-8."""


@dataclass(frozen=True, slots=True)
class Line:
    """Line ``number``, from 1, without its end; or what is ``wrong`` with it, in words that go on with "The line"."""

    number: int
    text: str
    wrong: str = ""


def lines_of(chunks: Iterator[bytes], longest: int = LONGEST_LINE) -> Iterator[Line]:
    """Every line, blank ones too. Raises InputInvalid for UTF-16 that is broken: nothing behind that can be told apart."""
    first = next((chunk for chunk in chunks if chunk), b"")
    while 0 < len(first) < 4:
        more = next(chunks, b"")
        if not more:
            break
        first += more
    whole = chain([first], chunks)
    wide = _wide(first)
    if wide is not None:
        return _split(_decoded(whole, wide), longest)
    return _utf8(_without_mark(whole), longest)


def _wide(first: bytes) -> str | None:
    """The encoding, if a character takes two bytes: by its mark, or by every second byte of a beginning in Latin letters."""
    if first.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if first.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    head = first[:64]
    half = len(head) // 2
    if half and head[1::2].count(0) > 0.8 * half and head[::2].count(0) == 0:
        return "utf-16-le"
    if half and head[::2].count(0) > 0.8 * half and head[1::2].count(0) == 0:
        return "utf-16-be"
    return None


# -- UTF-8: cut first, so that one wrong byte harms one line ------------------------------------------


def _without_mark(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for n, chunk in enumerate(chunks):
        yield chunk.removeprefix(codecs.BOM_UTF8) if n == 0 else chunk


def _utf8(chunks: Iterator[bytes], longest: int) -> Iterator[Line]:
    held, too_long, number = b"", False, 1
    for chunk in chunks:
        *whole, held = (held + chunk).split(b"\n")
        for line in whole:
            yield _line(number, line, longest, too_long=too_long)
            number, too_long = number + 1, False
        if len(held) > longest:
            held, too_long = b"", True
    if held or too_long:
        yield _line(number, held, longest, too_long=too_long)


def _line(number: int, line: bytes, longest: int, *, too_long: bool) -> Line:
    if too_long or len(line) > longest:
        return Line(number, "", f"is longer than {longest:,} bytes")
    if b"\0" in line:
        return Line(number, "", f"has a NUL, its byte {line.index(0) + 1}")
    try:
        return Line(number, line.removesuffix(b"\r").decode("utf-8"))
    except UnicodeDecodeError as error:
        return Line(
            number,
            "",
            f"is no UTF-8: its byte {error.start + 1} is 0x{line[error.start]:02X}. Save the file as UTF-8",
        )


# -- UTF-16: decoded first ----------------------------------------------------------------------------


def _decoded(chunks: Iterator[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    seen = 0
    try:
        for chunk in chunks:
            yield decoder.decode(chunk)
            seen += len(chunk)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InputInvalid(
            f"The feed is no whole {encoding.upper()}: near byte {seen + error.start}. Save it as UTF-8.",
            field="feed",
        ) from None


def _split(texts: Iterator[str], longest: int) -> Iterator[Line]:
    held, too_long, number, begun = "", False, 1, False
    for text in texts:
        if not begun and text:
            text, begun = text.removeprefix("\ufeff"), True
        *whole, held = (held + text).split("\n")
        for line in whole:
            yield _wide_line(number, line, longest, too_long=too_long)
            number, too_long = number + 1, False
        if len(held) > longest:
            held, too_long = "", True
    if held or too_long:
        yield _wide_line(number, held, longest, too_long=too_long)


def _wide_line(number: int, line: str, longest: int, *, too_long: bool) -> Line:
    if too_long or len(line) > longest:
        return Line(number, "", f"is longer than {longest:,} characters")
    if "\0" in line:
        return Line(number, "", f"has a NUL, its character {line.index(chr(0)) + 1}")
    return Line(number, line.removesuffix("\r"))
