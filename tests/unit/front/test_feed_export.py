"""An archive of a feed is sent as it is made: however many rows there are, no more than one picture is held."""

import io
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from pressroom.domain.job import Output
from pressroom.front.api.feed_export import Rows, as_zip
from pressroom.front.api.feed_sheet import FeedSheet
from pressroom.jobs.feeds.pieces import Piece

COLUMNS = ("title", "photo")
PICTURE = b"\x89PNG" + bytes(20_000)
SOME, MANY = 20, 2_000
DIRECTORY = 1_500
"""Bytes that an entry may take until the end: a ZIP has the names of all its files there."""


def rows(count: int) -> Rows:
    output = Output(0, "image/png", len(PICTURE), "0" * 64, "done", artifact="a", label="bag")
    for n in range(1, count + 1):
        title = Piece(2 * n - 1, n, f"sku-{n}", "title", "ready", None, None, f"A mug, {n}")
        photo = Piece(2 * n, n, f"sku-{n}", "photo", "ready", None, output)
        yield f"sku-{n}", {"title": title, "photo": photo}


def archive(count: int) -> Iterator[bytes]:
    return as_zip("id", COLUMNS, rows(count), lambda _: PICTURE, FeedSheet("id", COLUMNS, ("photo",)))


def peak(count: int) -> int:
    """Bytes held at most while an archive is made and thrown away."""
    tracemalloc.start()
    try:
        for _ in archive(count):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_it_is_whole() -> None:
    with zipfile.ZipFile(io.BytesIO(b"".join(archive(SOME)))) as made:
        assert made.testzip() is None
        assert len(made.namelist()) == SOME + 2
        page = made.read("sheet.html").decode()
    assert page.count("<li>") == page.count("</li>") == SOME
    assert page.rstrip().endswith("</html>")
    assert '<img src="pictures/7-sku-7.png" alt="photo of sku-7" loading="lazy">' in page
    assert "<dt>title</dt><dd>A mug, 7</dd>" in page


def test_a_piece_at_a_time_is_held() -> None:
    assert max(map(len, archive(SOME))) < 2 * len(PICTURE) + 65_536
    few = peak(SOME)
    assert peak(MANY) - few < DIRECTORY * (MANY - SOME)


@pytest.mark.parametrize("columns", [("title",), ("photo",)])
def test_what_is_asked_for_is_shown(columns: tuple[str, ...]) -> None:
    sheet = FeedSheet("id", columns, ("photo",))
    made = b"".join(as_zip("id", columns, rows(1), lambda _: PICTURE, sheet))
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        assert ("sheet.html" in opened.namelist()) == (columns == ("photo",))
        if columns == ("photo",):
            assert "A mug" not in opened.read("sheet.html").decode()
