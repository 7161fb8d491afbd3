"""Pixels to files: size, format, the same bytes again, nothing but pixels in them."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pressroom.engines.base import ImageOutput
from pressroom.engines.image.encode import encode

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
