"""Bodies of JSON lines, read as they come: never more of one in memory than a line and a chunk.

    stream ──▶ chunks (gzip undone) ──▶ lines ──▶ rows

Both the bytes that come and those that gzip makes of them are bounded. A line that is too long or no
JSON is one bad row; a body that breaks off is an error, and never looks like one that has ended.
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from pressroom.domain.errors import InputInvalid, PressroomError
from pressroom.front.errors import MalformedBody, UnsupportedBody
from pressroom.front.strict import read_json
from pressroom.jobs.batch_rows import GivenRow, given_row

MEDIA_TYPE = "application/x-ndjson"
_CHUNK = 65_536
# zlib's word for a gzip head and tail around the data.
_GZIP = 16 + zlib.MAX_WBITS
_BOM = b"\xef\xbb\xbf"


def chunks_of(given: Request, most: int) -> Iterator[bytes]:
    """The body's bytes, at most ``most`` of them. Raises UnsupportedBody, MalformedBody (it broke off),
    RequestEntityTooLarge."""
    charset = given.mimetype_params.get("charset", "utf-8").lower()
    if given.mimetype != MEDIA_TYPE or charset not in ("utf-8", "utf8"):
        raise UnsupportedBody(f"Send the body as `Content-Type: {MEDIA_TYPE}`, in UTF-8.")
    match given.headers.get("Content-Encoding", "identity").lower():
        case "identity":
            return _bounded(_whole(given), most)
        case "gzip":
            return _bounded(_unzipped(_whole(given)), most)
    raise UnsupportedBody("Send the body uncompressed, or as `Content-Encoding: gzip`.")


def lines_of(chunks: Iterator[bytes], longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Each line that is not blank, with its number from 1; None for one of more than ``longest`` bytes."""
    held, too_long, number = b"", False, 1
    for chunk in chunks:
        head, *lines = (held + chunk).split(b"\n")
        for line in (head, *lines[:-1]) if lines else ():
            yield from _line(number, line, too_long or len(line) > longest)
            number, too_long = number + 1, False
        held = lines[-1] if lines else head
        if len(held) > longest:
            # The rest of it is passed over.
            held, too_long = b"", True
        elif too_long and not lines:
            held = b""
    yield from _line(number, held, too_long)


def rows_of(
    lines: Iterator[tuple[int, bytes | None]], defaults: Mapping[str, Any], longest: int
) -> Iterator[GivenRow]:
    """A row a line, good or bad."""
    for number, size, value in values_of(lines, longest):
        if isinstance(value, PressroomError):
            yield GivenRow(number, size, None, value)
        else:
            yield given_row(number, size, value, defaults)


def values_of(
    lines: Iterator[tuple[int, bytes | None]], longest: int
) -> Iterator[tuple[int, int, Any | PressroomError]]:
    """The JSON value of each line, with its number and its size in bytes; or what is wrong with the line."""
    for number, line in lines:
        if line is None:
            yield number, 0, InputInvalid(f"The line is longer than {longest} bytes.", field="row")
            continue
        value: Any | PressroomError
        try:
            value = read_json(line.removeprefix(_BOM) if number == 1 else line)
        except PressroomError as wrong:
            value = type(wrong)(wrong.message.replace("The body", "The line"), field=wrong.field)
        yield number, len(line), value


def _line(number: int, line: bytes, too_long: bool) -> Iterator[tuple[int, bytes | None]]:
    if too_long:
        yield number, None
    elif line.strip():
        yield number, line


def _whole(given: Request) -> Iterator[bytes]:
    """The body's bytes as they come. What ends before its Content-Length has broken off: the server shows
    that as an end like any other."""
    expected, seen = given.content_length, 0
    while seen != expected:
        chunk = given.stream.read(_CHUNK)
        if not chunk:
            break
        seen += len(chunk)
        yield chunk
    if expected is not None and seen < expected:
        raise MalformedBody("The body broke off before its end. Send it again.")


def _bounded(chunks: Iterator[bytes], most: int) -> Iterator[bytes]:
    seen = 0
    for chunk in chunks:
        seen += len(chunk)
        if seen > most:
            raise RequestEntityTooLarge
        yield chunk


def _unzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What gzip packed, a chunk at a time however far it unpacks; several members may follow each other."""
    unzip: Any = zlib.decompressobj(_GZIP)
    fresh = True
    for chunk in chunks:
        data = chunk
        while data:
            try:
                made = unzip.decompress(data, _CHUNK)
            except zlib.error:
                raise MalformedBody("The body is not gzip, or was damaged on its way.") from None
            fresh = False
            data = unzip.unconsumed_tail
            if made:
                yield made
            if unzip.eof:
                data, unzip, fresh = unzip.unused_data, zlib.decompressobj(_GZIP), True
    while not fresh and (made := unzip.decompress(unzip.unconsumed_tail, _CHUNK)):
        yield made
    if not fresh:
        raise MalformedBody("The gzip body broke off before its end. Send it again.")
