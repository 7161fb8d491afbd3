"""Pixels to files: size, format, the same bytes again, nothing but pixels in them."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pressroom.engines.base import ImageOutput
from pressroom.engines.image.encode import encode, encode_all, encode_sheet

GREY = np.linspace(0, 255, 28 * 28).astype(np.uint8).reshape(28, 28)
COLOUR = np.stack([GREY, GREY.T, 255 - GREY], axis=2)


def _output(pixels: Any = GREY) -> ImageOutput:
    return ImageOutput(index=0, pixels=pixels, label="boot")


@pytest.mark.parametrize(("format_", "media_type"), [("png", "image/png"), ("webp", "image/webp")])
@pytest.mark.parametrize("scale", [1, 4, 16])
def test_the_file_has_the_size_and_type_asked_for(format_: Any, media_type: str, scale: int) -> None:
    made = encode(_output(), scale, format_)
    content, got = made.data, made.media_type
    image = Image.open(io.BytesIO(content))
    assert got == media_type
    assert image.size == (28 * scale, 28 * scale)
    assert image.format is not None
    assert image.format.lower() == format_


@pytest.mark.parametrize("format_", ["png", "webp"])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_unmagnified_pixels_come_back_exactly(format_: Any, pixels: Any) -> None:
    content = encode(_output(pixels), 1, format_).data
    back = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert np.array_equal(back, pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2))


@pytest.mark.parametrize("format_", ["png", "webp"])
def test_the_same_pixels_give_the_same_bytes(format_: Any) -> None:
    assert encode(_output(), 4, format_) == encode(_output(GREY.copy()), 4, format_)


def test_a_png_holds_pixels_and_nothing_else() -> None:
    content = encode(_output(), 4, "png").data
    chunks, at = [], 8
    while at < len(content):
        chunks.append(content[at + 4 : at + 8])
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    assert set(chunks) == {b"IHDR", b"IDAT", b"IEND"}


def test_nonsense_is_refused() -> None:
    nonsense: Any = "gif"
    with pytest.raises(ValueError, match="png, webp"):
        encode(_output(), 4, nonsense)
    with pytest.raises(ValueError, match="scale"):
        encode(_output(), 0, "png")


DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#ff0000" d="M0 0h12v24H0z"/></svg>'


def _drawn(side: int = 48) -> ImageOutput:
    nothing = np.zeros((0, 0), np.uint8)
    return ImageOutput(0, nothing, "set:half", scalable=False, drawing=DRAWING, side=side)


def test_a_drawing_is_a_document_of_its_size() -> None:
    made = encode(_drawn(), 4, "svg")
    assert (made.media_type, made.width, made.height) == ("image/svg+xml", 48, 48)
    assert made.data.decode() == DRAWING.replace("<svg ", '<svg width="48" height="48" ')


@pytest.mark.parametrize("format_", ["png", "webp"])
def test_a_drawing_is_drawn_where_pixels_are_asked_for_and_shows_what_lies_behind(format_: Any) -> None:
    made = encode(_drawn(), 4, format_)
    with Image.open(io.BytesIO(made.data)) as image:
        pixels = np.asarray(image.convert("RGBA"))
    assert pixels.shape == (48, 48, 4)
    assert pixels[24, 10].tolist() == [255, 0, 0, 255]
    assert pixels[24, 40, 3] == 0


def test_pixels_are_no_drawing() -> None:
    with pytest.raises(ValueError, match="no drawing"):
        encode(_output(), 1, "svg")
    with pytest.raises(ValueError, match="png, webp"):
        encode_sheet([_drawn()], 1, "svg")


def test_what_keeps_its_originals_size_is_not_magnified() -> None:
    original = ImageOutput(0, COLOUR, None, scalable=False)
    made = encode(original, 4, "png")
    assert (made.width, made.height) == (28, 28)


@pytest.mark.parametrize(
    ("count", "rows", "columns"), [(1, 1, 1), (2, 1, 2), (5, 2, 3), (9, 3, 3), (10, 3, 4)]
)
def test_a_sheet_has_all_pictures_in_rows(count: int, rows: int, columns: int) -> None:
    outputs = [ImageOutput(n, np.full((28, 28), 10 + n, np.uint8), None) for n in range(count)]
    made = encode_sheet(outputs, 2, "png")
    assert (made.width, made.height) == (columns * 60 + 4, rows * 60 + 4)
    with Image.open(io.BytesIO(made.data)) as image:
        pixels = np.asarray(image)
    for n in range(count):
        row, column = divmod(n, columns)
        assert pixels[4 + row * 60 + 28, 4 + column * 60 + 28].tolist() == [10 + n] * 3
    assert pixels[0, 0].tolist() == [255, 255, 255]


def test_pictures_of_all_kinds_lie_on_one_sheet() -> None:
    clear = np.zeros((10, 30, 4), np.uint8)
    made = encode_sheet([_output(), _output(COLOUR), ImageOutput(2, clear, None), _drawn()], 1, "webp")
    assert (made.width, made.height) == (2 * 52 + 4, 2 * 52 + 4)


@pytest.mark.parametrize("count", [0, 1, 15, 200])
def test_many_are_encoded_as_each_alone_and_in_their_order(count: int) -> None:
    outputs = [ImageOutput(n, np.roll(GREY, n), None) for n in range(count)]
    assert encode_all(outputs, 2, "png") == [encode(output, 2, "png") for output in outputs]


def test_one_that_cannot_be_encoded_is_told_among_many() -> None:
    with pytest.raises(ValueError, match="no drawing"):
        encode_all([_output()] * 100, 1, "svg")
