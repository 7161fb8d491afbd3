"""Drawings and the words that find them: what is read of a set, and the file that workers search."""

import json
from pathlib import Path

import pytest

from pressroom.engines.image.icons import read_drawings
from pressroom.training.data.drawings import drawings_of
from pressroom.training.data.errors import DataCorrupt
from pressroom.training.drawings import room
from pressroom.training.run import Run

pytestmark = pytest.mark.train

PATH = '<path stroke="currentColor" d="M2 2h20v20H2z"/>'
SET = {
    "width": 24,
    "height": 24,
    "icons": {"gift": {"body": PATH}, "delivery-van": {"body": PATH}, "gone": {"body": "", "hidden": True}},
}


def test_a_drawing_has_the_words_of_its_name_and_its_tags_each_once() -> None:
    tags = {"delivery-van": ["Van", "shipping lorry"]}
    gift, van = drawings_of("mine", json.dumps(SET).encode(), tags)
    assert (gift.name, gift.words) == ("mine:gift", ("gift",))
    assert van.words == ("delivery", "van", "shipping", "lorry")
    assert van.svg == f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{PATH}</svg>'


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"icons": {"a": {}}}', b'{"icons": 3}', b"\xff"])
def test_what_is_no_set_is_said(content: bytes) -> None:
    with pytest.raises(DataCorrupt, match="mine"):
        drawings_of("mine", content, {})


def test_the_file_is_what_workers_read_and_always_the_same_bytes(tmp_path: Path) -> None:
    drawings = drawings_of("mine", json.dumps(SET).encode(), {})
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found = room.make_from(drawings, Run(tmp_path / name, lambda line: None))
        assert found == {"drawings": 2.0, "found_by_name": 1.0}
        assert (tmp_path / name / "samples.png").is_file()
        made.append((tmp_path / name / room.FILE).read_bytes())
    assert made[0] == made[1]
    assert read_drawings(tmp_path / "one" / room.FILE) == drawings
