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


def as_zip(key: str, columns: tuple[str, ...], rows: Rows, content: Content) -> Iterator[bytes]:
    """``feed.csv``, whose pictures are named as they lie beside it in ``pictures/``."""
    written = Written()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive, tempfile.TemporaryFile() as table:

        def put(piece: Piece) -> str:
            name = _file_name(piece)
            archive.writestr(zipfile.ZipInfo(name, WHEN), content(piece))
            return name

        for line in as_csv(key, columns, rows, put):
            table.write(line.encode())  # it comes behind the pictures, and may be large
            yield written.taken()
        table.seek(0)
        with archive.open(zipfile.ZipInfo("feed.csv", WHEN), "w") as entry:
            while chunk := table.read(_CHUNK):
                entry.write(chunk)
                yield written.taken()
        yield written.taken()
    yield written.taken()


def _cell(piece: Piece, address: Address) -> str:
    return piece.text if piece.text is not None else address(piece)


def _file_name(piece: Piece) -> str:
    media_type = piece.output.media_type if piece.output is not None else ""
    plain = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in piece.key)[:80]
    return f"pictures/{piece.row}-{plain}{_SUFFIXES.get(media_type, '.bin')}"


def _json_line(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False) + "\n"


def _line(cells: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
