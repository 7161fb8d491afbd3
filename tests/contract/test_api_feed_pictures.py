"""Pictures of a feed over HTTP: whose row has none, which one is taken, and what goes out."""

import csv
import io
import zipfile
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

from tests.support.feeds import exported, made, pieces, rows, worked
from tests.support.front import Front

TABLE = "id,title,material\na-1,Oslo Lamp,oak\na-2,Harbour Mug,\n"
LINES = [{"template": "seo-title"}]
PHOTOS: list[dict[str, Any]] = [{"picture": {"label": "class", "model": "painter"}, "column": "photo"}]


def test_a_class_that_there_is_not_refuses_its_piece_and_no_other(front: Front) -> None:
    table = "id,title,class\na-1,Lamp,Bag\na-2,Mug,sofa\na-3,Cup,\na-4,Boot,boot\n"
    feed = made(front, table, outputs=[*LINES, *PHOTOS], params={"n": 1})
    assert feed["counts"]["refused"] == 2
    worked(front)
    photos = [each for each in pieces(front, feed) if each["column"] == "photo"]
    assert [each["status"] for each in photos] == ["ready", "refused", "refused", "ready"]
    assert [(each["label"], each["origin"]) for each in photos[::3]] == [
        ("bag", "generated"),
        ("boot", "generated"),
    ]
    assert [each["error"] for each in photos[1:3]] == [
        {
            "code": "input_invalid",
            "message": "Line 3: 'sofa' in class is no class of the model. It has: sneaker, bag, boot.",
        },
        {
            "code": "input_invalid",
            "message": "Line 4: class is empty: it names a class of the model. It has: sneaker, bag, boot.",
        },
    ]
    texts = {each["status"] for each in pieces(front, feed) if each["column"] == "seo_title"}
    assert texts <= {"ready", "needs_review"}


def test_a_row_without_words_has_no_icon_and_its_text_all_the_same(front: Front) -> None:
    outputs = [*LINES, {"picture": {"words": ["material"]}}]
    feed = made(front, TABLE, outputs=outputs, params={"n": 1})
    worked(front)
    line, icon = pieces(front, feed)[2:]
    assert line["status"] in ("ready", "needs_review")
    assert icon["status"] == "refused"
    assert icon["error"]["message"] == "Line 3: no words to find an icon by: material is empty."


def test_one_of_several_pictures_is_chosen_and_goes_out(front: Front) -> None:
    photo = {"picture": {**PHOTOS[0]["picture"], "n": 3}, "column": "photo"}
    feed = made(front, "id,class\na-1,bag\n", outputs=[photo])
    worked(front)
    (piece,) = pieces(front, feed)
    assert (piece["output"], piece["outputs"]) == (0, 3)
    said = {"decision": "approved", "chosen": 2}
    assert front.call("POST", f"/v1/jobs/{piece['job_id']}/feedback", json=said).status_code == 201
    (piece,) = pieces(front, feed)
    assert (piece["status"], piece["output"]) == ("approved", 2)
    assert piece["url"] == f"/v1/jobs/{piece['job_id']}/outputs/2"
    assert rows(exported(front, feed))[1][1].endswith("/outputs/2")
    body = {"decision": "rejected", "pieces": [1]}
    front.call("POST", f"/v1/feeds/{feed['id']}/decisions", json=body)
    front.call("POST", f"/v1/feeds/{feed['id']}/decisions", json={**body, "decision": "approved"})
    assert pieces(front, feed)[0]["output"] == 2, "what was chosen stays so"


def test_all_pictures_of_a_row_on_one_sheet_are_one_output(front: Front) -> None:
    photo = {"picture": {**PHOTOS[0]["picture"], "n": 9, "sheet": True}}
    feed = made(front, "id,class\na-1,bag\n", outputs=[photo])
    worked(front)
    (piece,) = pieces(front, feed)
    assert (piece["status"], piece["outputs"]) == ("ready", 1)
    params = front.call("GET", f"/v1/jobs/{piece['job_id']}").json["params"]
    assert (params["n"], params["sheet"], params["label"]) == (9, True, "bag")


EVIL = '<script>alert("x")</script>&'


def test_the_sheet_of_an_archive_shows_pictures_beside_keys_and_copy_and_escapes_them(front: Front) -> None:
    outputs = [
        {"template": "seo-title", "column": "<b>"},
        {**PHOTOS[0], "column": "photo"},
        {"picture": {"words": ["title"]}, "column": "icon"},
    ]
    key = 'ä/1 "%2F?#<'
    out = io.StringIO()
    csv.writer(out).writerows([["id", "title", "class"], [key, EVIL, "bag"], ["b-2", "Mug", "boot"]])
    feed = made(front, out.getvalue(), outputs=outputs, params={"n": 1})
    worked(front)
    with zipfile.ZipFile(io.BytesIO(exported(front, feed, which="all", form="zip").data)) as archive:
        names = archive.namelist()
        sheet, table = archive.read("sheet.html").decode(), archive.read("feed.csv").decode("utf-8-sig")
    assert len(names) == len(set(names)) == 6
    listed = list(csv.reader(io.StringIO(table)))[1:]
    assert [row[0] for row in listed] == [key, "b-2"]
    shown = Sheet()
    shown.feed(sheet)
    assert [unquote(source) for source in shown.sources] == [file for row in listed for file in row[2:]]
    assert {unquote(source) for source in shown.sources} == set(names) - {"feed.csv", "sheet.html"}
    assert all("://" not in source and not source.startswith("/") for source in shown.sources)
    assert not shown.tags & {"script", "b"}
    assert [text for text in shown.texts if text in (key, "b-2")] == [key, "b-2"]
    assert {"photo: bag", "<b>", listed[0][1]} <= set(shown.texts)
    assert EVIL not in sheet


class Sheet(HTMLParser):
    """What a page shows."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.sources: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_an_archive_without_pictures_has_no_sheet(front: Front) -> None:
    feed = made(front, TABLE, outputs=LINES, params={"n": 1})
    worked(front)
    with zipfile.ZipFile(io.BytesIO(exported(front, feed, which="all", form="zip").data)) as archive:
        assert archive.namelist() == ["feed.csv"]


def test_pictures_go_out_as_addresses_or_in_one_file(front: Front) -> None:
    outputs = [
        {"template": "seo-title"},
        {"picture": {"label": "class", "model": "painter"}, "column": "photo"},
    ]
    feed = made(front, "id,title,class\na/1,Lamp,bag\n", outputs=outputs, params={"n": 1})
    worked(front)
    _, row = rows(exported(front, feed, which="all"))
    path = row[2].removeprefix("http://localhost")
    content = front.call("GET", path).data
    assert content.startswith(b"\x89PNG")
    with zipfile.ZipFile(io.BytesIO(exported(front, feed, which="all", form="zip").data)) as archive:
        assert sorted(archive.namelist()) == ["feed.csv", "pictures/1-a-1.png", "sheet.html"]
        assert archive.read("pictures/1-a-1.png") == content
        assert archive.read("feed.csv").decode().splitlines()[1].endswith(",pictures/1-a-1.png")
