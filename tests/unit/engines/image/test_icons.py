"""Icons by words: which drawing is found, and what becomes of its colour."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pressroom.contract.params import ImageParams
from pressroom.engines.base import (
    Ending,
    EngineInfo,
    EngineUnavailable,
    ImageGeneration,
    Key,
    NotOffered,
    Outcome,
)
from pressroom.engines.image.engine import ImageEngine
from pressroom.engines.image.icons import Drawing, IconStudio, Index, coloured, read_drawings, tokens


def _drawing(name: str) -> Drawing:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path id="{name}" stroke="currentColor"/></svg>'
    return Drawing(f"set:{name}", tuple(name.split("-")), svg)


NAMES = (
    "truck",
    "truck-delivery",
    "shopping-cart",
    "shopping-cart-off",
    "heart",
    "broken-heart",
    "sunflower",
    "cat",
)
DRAWINGS = [_drawing(name) for name in NAMES]


def _names(words: str, most: int = 3) -> list[str]:
    return [NAMES[n] for n in Index(DRAWINGS).find(words, most)]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("truck", "truck"),
        ("a delivery truck", "truck-delivery"),
        ("Shopping Cart", "shopping-cart"),
        ("a cart that is switched off", "shopping-cart-off"),
        ("hearts", "heart"),
        ("flower", "sunflower"),
        ("my cats!", "cat"),
    ],
)
def test_the_drawing_that_has_most_of_the_words_comes_first(words: str, first: str) -> None:
    assert _names(words)[0] == first


def test_of_two_alike_the_plainer_comes_first_and_the_order_is_always_the_same() -> None:
    assert _names("heart", 2) == ["heart", "broken-heart"]
    assert _names("heart", 1) == ["heart"]
    assert all(_names("shopping") == _names("shopping") for _ in range(3))


@pytest.mark.parametrize("words", ["zeppelin", "", "?!", "の"])
def test_nothing_is_found_by_what_nothing_is_called(words: str) -> None:
    assert _names(words) == []


def test_words_are_cut_at_all_that_is_no_letter() -> None:
    assert tokens("Red-hot  CHILI_peppers, 3x") == ["red", "hot", "chili", "peppers", "3x"]


def test_a_drawing_without_a_colour_of_its_own_gets_the_one_that_is_asked_for() -> None:
    assert 'stroke="#ff0000"' in coloured(DRAWINGS[0].svg, "#ff0000")
    own = '<svg><path fill="#123456"/></svg>'
    assert coloured(own, "#ff0000") == own


def _run(words: str, **params: Any) -> Outcome:
    engine = ImageEngine(IconStudio(DRAWINGS, "icons", 8), EngineInfo("icons", "1", "cpu", 8), gather_ms=0)
    engine.warm_up()
    asked = ImageParams.model_validate({"operation": "icon", "seed": 1, **params})
    engine.admit(ImageGeneration(Key("a", 1), asked, words=words))
    found: list[Outcome] = []
    while engine.load:
        found += engine.step().outcomes
    return found[0]


def test_an_icon_tells_its_set_and_name() -> None:
    outcome = _run("a truck", n=2, colour="#00ff00", size=64)
    assert outcome.ending is Ending.DONE
    assert [image.label for image in outcome.images] == ["set:truck", "set:truck-delivery"]
    assert all('stroke="#00ff00"' in (image.drawing or "") and image.side == 64 for image in outcome.images)


def test_there_are_no_more_than_there_are() -> None:
    assert len(_run("heart", n=9).images) == 2


def test_what_is_not_found_is_told() -> None:
    outcome = _run("zeppelin")
    assert isinstance(outcome.error, NotOffered)
    assert "Try other" in str(outcome.error)


def test_it_does_nothing_else() -> None:
    assert isinstance(_run("truck", operation="sample").error, NotOffered)


def test_a_file_of_icons_is_read(tmp_path: Path) -> None:
    told = [{"name": each.name, "words": each.words, "svg": each.svg} for each in DRAWINGS]
    (tmp_path / "icons.json.gz").write_bytes(gzip.compress(json.dumps(told).encode()))
    assert read_drawings(tmp_path / "icons.json.gz") == DRAWINGS


@pytest.mark.parametrize("content", [b"", b"[]"])
def test_what_is_not_packed_is_no_file_of_icons(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "icons.json.gz").write_bytes(content)
    with pytest.raises(EngineUnavailable, match="no file of icons"):
        read_drawings(tmp_path / "icons.json.gz")


@pytest.mark.parametrize("packed", [b"{", b'[{"name": "a"}]', b"[3]"])
def test_what_is_no_file_of_icons_is_told(tmp_path: Path, packed: bytes) -> None:
    (tmp_path / "icons.json.gz").write_bytes(gzip.compress(packed))
    with pytest.raises(EngineUnavailable, match="no file of icons"):
        read_drawings(tmp_path / "icons.json.gz")
