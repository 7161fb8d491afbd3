"""Pictures of a feed by the shipped models in real processes: icons in the brand's colour, pictures of a class, sheets; by their bytes."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.acceptance.press import Press, press

from pressroom.client import Client
from pressroom.contract.feeds import FeedView, PieceView

pytestmark = [pytest.mark.redis, pytest.mark.timeout(120)]

WAIT_S = 60
BRAND = "#1d6e4f"
TABLE = """id,title,kind
lamp-1,Floor lamp,Bag
van-2,Delivery van,sneaker
odd-3,qwertzuiop,trouser
hat-4,Heart,hat
"""


@pytest.fixture
def whole(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Press]:
    """On either database: a front, a relay and a real picture worker with the whole zoo."""
    with press(database_url, redis_url, tmp_path, engine="real", image_gather_ms=1) as made:
        made.processes.worker(pool="image")
        made.processes.relay()
        made.front()
        yield made


def _made(client: Client, *outputs: tuple[str, dict[str, Any]]) -> tuple[FeedView, dict[str, PieceView]]:
    """The feed, and its pieces by key and column."""
    plan = {"outputs": [{"column": column, "picture": picture} for column, picture in outputs]}
    feed = client.feeds.wait(client.feeds.post(TABLE.encode(), plan).id, WAIT_S)
    return feed, {f"{each.key} {each.column}": each for each in client.feeds.pieces(feed.id)}


def _bytes(whole: Press, piece: PieceView) -> bytes:
    assert piece.url is not None, piece
    return whole.http().get(piece.url).raise_for_status().content


def _pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened)


def _colours(document: str) -> set[str]:
    return {each.lower() for each in re.findall(r"#[0-9a-fA-F]{3,8}\b|currentColor", document)}


def test_icons_have_the_brands_colour_and_classes_their_pictures(whole: Press) -> None:
    client = whole.client()
    icon = {"words": ["title"], "colour": BRAND}
    feed, found = _made(
        client,
        ("icon", {**icon, "format": "svg", "size": 96}),
        ("pixels", {**icon, "size": 64}),
        ("photo", {"label": "kind"}),
    )
    assert (feed.pieces, feed.counts.succeeded, feed.counts.refused, feed.counts.failed) == (12, 9, 1, 2)

    for key, name in (("lamp-1", "lamp"), ("van-2", "van|truck"), ("hat-4", "heart")):
        piece = found[f"{key} icon"]
        assert (piece.status, piece.origin) == ("ready", "retrieved")
        assert re.search(name, piece.label or ""), piece.label
        document = _bytes(whole, piece).decode()
        assert document.startswith("<svg ")
        assert 'width="96"' in document
        assert _colours(document) == {BRAND}, "all of it, and no other"
        pixels = _pixels(_bytes(whole, found[f"{key} pixels"]))
        assert pixels.shape == (64, 64, 4)
        solid = pixels[pixels[..., 3] == 255][:, :3]
        assert len(solid) > 20
        assert set(map(tuple, solid.tolist())) == {(0x1D, 0x6E, 0x4F)}

    drawn = {key: _pixels(_bytes(whole, found[f"{key} photo"])) for key in ("lamp-1", "van-2", "odd-3")}
    assert {found[f"{key} photo"].label for key in drawn} == {"bag", "sneaker", "trouser"}
    for pixels in drawn.values():
        assert pixels.shape == (112, 112)
        assert pixels.max() > 120 > 40 > pixels[:8, :8].mean(), "something light on black"
    # A trouser is tall and a sneaker is low: the classes are those of their rows.
    tall, low = (int((drawn[key].max(axis=1) > 90).sum()) for key in ("odd-3", "van-2"))
    assert tall > low

    for column in ("icon", "pixels"):
        error = found[f"odd-3 {column}"].error
        assert error is not None
        assert (found[f"odd-3 {column}"].status, error.code) == ("failed", "not_offered")
        assert error.message == "icons has no icon of these words. Try other ones, in English."
    error = found["hat-4 photo"].error
    assert (found["hat-4 photo"].status, error and error.code) == ("refused", "input_invalid")
    assert error is not None
    assert error.message.startswith(
        "Line 5: 'hat' in kind is no class of the model. It has: tshirt, trouser,"
    )


def test_several_pictures_are_on_a_sheet_or_one_of_them_goes_out(whole: Press) -> None:
    client = whole.client()
    feed, found = _made(
        client,
        ("icons", {"words": ["title"], "colour": BRAND, "size": 32, "n": 4, "sheet": True}),
        ("bags", {"label": "kind", "n": 5, "sheet": True}),
        ("photo", {"label": "kind", "n": 3}),
    )
    sheet = _pixels(_bytes(whole, found["van-2 icons"]))
    assert sheet.shape == (2 * 36 + 4, 2 * 36 + 4, 3)
    assert (0x1D, 0x6E, 0x4F) in set(map(tuple, sheet.reshape(-1, 3).tolist()))
    for y, x in ((4, 4), (4, 40), (40, 4), (40, 40)):
        assert (sheet[y : y + 32, x : x + 32] < 128).any(), "a drawing in each place"
    label = found["van-2 icons"].label or ""
    assert re.match(r"(lucide|tabler):", label), label
    assert _pixels(_bytes(whole, found["lamp-1 bags"])).shape == (2 * 116 + 4, 3 * 116 + 4, 3)
    assert (found["lamp-1 bags"].label, found["lamp-1 bags"].outputs) == ("bag", 1)

    photo = found["lamp-1 photo"]
    assert (photo.output, photo.outputs) == (0, 3)
    said = {"decision": "approved", "chosen": 2}
    whole.http().post(f"/v1/jobs/{photo.job_id}/feedback", json=said).raise_for_status()
    client.feeds.decide(feed.id, "approved", [found[f"lamp-1 {column}"].n for column in ("icons", "bags")])
    chosen = whole.http().get(f"/v1/jobs/{photo.job_id}/outputs/2").content
    assert chosen != _bytes(whole, photo)

    with zipfile.ZipFile(io.BytesIO(client.feeds.export(feed.id, form="zip"))) as archive:
        assert archive.testzip() is None
        (row,) = csv.DictReader(io.StringIO(archive.read("feed.csv").decode("utf-8-sig")))
        page = archive.read("sheet.html").decode()
        files = [row[column] for column in feed.columns]
        assert sorted(archive.namelist()) == sorted(["feed.csv", "sheet.html", *files])
        assert archive.read(row["photo"]) == chosen
    assert re.findall(r'src="([^"]+)"', page) == files
    assert "<h2>lamp-1</h2>" in page
    assert "photo: bag" in page
    assert label not in page, "what is not approved is not on it"
