"""A feed as it goes out: a table, JSON lines, or a ZIP file with its pictures. Nothing is in memory but a page of it.

Columns that were not written are not in it: an empty cell would wipe out what a shop has there. So a row is in a table only if all columns that
are asked for have something; JSON lines have what there is of each row.
"""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from pressroom.front.api.archive import WHEN, Written
from pressroom.front.api.feed_posts import post_of
from pressroom.front.api.feed_sheet import FeedSheet
from pressroom.jobs.feeds.pieces import Piece

Rows = Iterator[tuple[str, dict[str, Piece]]]
Address = Callable[[Piece], str]
Content = Callable[[Piece], bytes]

_SUFFIXES = {"image/png": ".png", "image/webp": ".webp", "image/svg+xml": ".svg"}
_BOM = "\ufeff"
_CHUNK = 65_536


def as_csv(key: str, columns: tuple[str, ...], rows: Rows, address: Address) -> Iterator[str]:
    """The header, and each row of which all columns are there."""
    yield _BOM + _line([key, *columns])
    for name, pieces in rows:
        if all(column in pieces for column in columns):
            yield _line([name, *(_cell(pieces[column], address) for column in columns)])


def as_jsonl(key: str, columns: tuple[str, ...], rows: Rows, address: Address) -> Iterator[str]:
    """An object a row, with the columns that are there."""
    for name, pieces in rows:
        told = {column: _cell(pieces[column], address) for column in columns if column in pieces}
        if told:
            yield _json_line({key: name, **told})


def as_posts(columns: tuple[str, ...], rows: Rows, address: Address) -> Iterator[str]:
    """A post a row, as WordPress takes it; rows without words are left out. Its slug is the row's key, whichever column that is."""
    for name, pieces in rows:
        post = post_of(name, {column: pieces[column] for column in columns if column in pieces}, address)
        if post is not None:
            yield _json_line(post)


def as_zip(
    key: str, columns: tuple[str, ...], rows: Rows, content: Content, sheet: FeedSheet
) -> Iterator[bytes]:
    """``feed.csv``, whose pictures are named as they lie beside it in ``pictures/``; and ``sheet.html``, which shows them."""
    written = Written()
    with (
        zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive,
        tempfile.TemporaryFile() as table,
        tempfile.TemporaryFile() as shown,
    ):
        # Both come behind the pictures, and may be large.
        table.write(f"{_BOM}{_line([key, *columns])}".encode())
        shown.write(sheet.head().encode())
        for name, pieces in rows:
            if not all(column in pieces for column in columns):
                continue
            files = _files(pieces, columns)
            for column, file in files.items():
                archive.writestr(zipfile.ZipInfo(file, WHEN), content(pieces[column]))
                yield written.taken()
            table.write(_line([name, *(files.get(each) or pieces[each].text for each in columns)]).encode())
            shown.write(sheet.row(name, pieces, files).encode())
            yield written.taken()  # nothing, perhaps; then the answer has begun all the same
        shown.write(sheet.foot().encode())
        for entry, kept in [("feed.csv", table), *([("sheet.html", shown)] if sheet.pictures else [])]:
            kept.seek(0)
            with archive.open(zipfile.ZipInfo(entry, WHEN), "w") as into:
                while chunk := kept.read(_CHUNK):
                    into.write(chunk)
                    yield written.taken()
        yield written.taken()
    yield written.taken()


def _cell(piece: Piece, address: Address) -> str:
    return piece.text if piece.text is not None else address(piece)


def _files(pieces: dict[str, Piece], columns: tuple[str, ...]) -> dict[str, str]:
    """What each picture of a row is called in the archive, by its column."""
    pictures = [column for column in columns if pieces[column].text is None]
    return {column: _file_name(pieces[column], n) for n, column in enumerate(pictures, 1)}


def _file_name(piece: Piece, n: int) -> str:
    media_type = piece.output.media_type if piece.output is not None else ""
    plain = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in piece.key)[:80]
    # A row's number begins the name and is no other's; behind the first, its pictures are counted.
    counted = f"-{n}" if n > 1 else ""
    return f"pictures/{piece.row}-{plain}{counted}{_SUFFIXES.get(media_type, '.bin')}"


def _json_line(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False) + "\n"


def _line(cells: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
