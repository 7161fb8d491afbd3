"""Pictures become files: magnified, or laid out on one sheet, then PNG or WebP; a drawing also as it is. Outside the engine thread.

The same pixels, scale and format give the same bytes with the same Pillow: nothing but pixels is
written, no time, no software name. Both formats are lossless.
"""

import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, sqrt

from PIL import Image

from pressroom.contract.params import ImageFormat
from pressroom.engines.base import ImageOutput
from pressroom.engines.cores import cores

MEDIA_TYPES: Mapping[ImageFormat, str] = {"png": "image/png", "webp": "image/webp", "svg": "image/svg+xml"}

_GAP = 4
"""Pixels between two pictures of a sheet."""
_WORTH_A_THREAD = 16
"""Pictures; fewer are done before another thread has begun."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """``width`` and ``height`` are those of the picture in the file."""

    data: bytes
    format: ImageFormat
    width: int
    height: int

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.format]


def encode(output: ImageOutput, scale: int, format: ImageFormat) -> PictureFile:  # noqa: A002 (the wire's word)
    """A picture as a file of its own.

    :param scale: whole-number magnification, 1 or more, of what is scalable. Lanczos: a photo of cloth looks like cloth,
        where repeating pixels would show squares.
    :raises ValueError: a scale below 1, a format that is not known, or pixels that shall be a drawing.
    """
    if format == "svg":
        if output.drawing is None:
            raise ValueError("pixels are no drawing: use png or webp")
        return PictureFile(_sized(output.drawing, output.side).encode(), format, output.side, output.side)
    return _file(_picture(output, scale), format)


def encode_all(outputs: Sequence[ImageOutput], scale: int, format: ImageFormat) -> list[PictureFile]:  # noqa: A002
    """Each as a file of its own, as ``encode`` makes it, on as many cores as there are: magnifying and packing hold no lock."""
    threads = min(cores(), len(outputs) // _WORTH_A_THREAD)
    if threads < 2:
        return [encode(output, scale, format) for output in outputs]
    with ThreadPoolExecutor(threads, thread_name_prefix="encoder") as encoders:
        return list(encoders.map(lambda output: encode(output, scale, format), outputs))


def encode_sheet(outputs: Sequence[ImageOutput], scale: int, format: ImageFormat) -> PictureFile:  # noqa: A002
    """All pictures in rows, as near to a square as their number allows, on white. Raises ValueError as ``encode`` does."""
    pictures = [_picture(output, scale).convert("RGBA") for output in outputs]
    columns = ceil(sqrt(len(pictures)))
    rows = ceil(len(pictures) / columns)
    width = max(picture.width for picture in pictures)
    height = max(picture.height for picture in pictures)
    sheet = Image.new("RGBA", (columns * (width + _GAP) + _GAP, rows * (height + _GAP) + _GAP), "white")
    for n, picture in enumerate(pictures):
        row, column = divmod(n, columns)
        sheet.alpha_composite(picture, (_GAP + column * (width + _GAP), _GAP + row * (height + _GAP)))
    return _file(sheet.convert("RGB"), format)


def _picture(output: ImageOutput, scale: int) -> Image.Image:
    if scale < 1:
        raise ValueError(f"scale is {scale}: it must be 1 or more")
    if output.drawing is not None:
        return _drawn(output.drawing, output.side)
    image = Image.fromarray(output.pixels)
    if scale > 1 and output.scalable:
        image = image.resize((image.width * scale, image.height * scale), Image.Resampling.LANCZOS)
    return image


def _drawn(drawing: str, side: int) -> Image.Image:
    """A square picture of it, transparent where nothing is drawn."""
    from resvg_py import svg_to_bytes  # only who has icons needs it

    png = svg_to_bytes(svg_string=drawing, width=side, height=side, skip_system_fonts=True)
    with Image.open(io.BytesIO(png)) as opened:
        return opened.convert("RGBA")


def _sized(drawing: str, side: int) -> str:
    """With the size at which it is to be shown, which those who embed it may change."""
    return drawing.replace("<svg ", f'<svg width="{side}" height="{side}" ', 1)


def _file(image: Image.Image, format: ImageFormat) -> PictureFile:  # noqa: A002
    buffer = io.BytesIO()
    if format == "png":
        image.save(buffer, "PNG")
    elif format == "webp":
        image.save(buffer, "WEBP", lossless=True, quality=80, method=4)
    else:
        raise ValueError(f"format is {format!r}: use one of png, webp")
    return PictureFile(buffer.getvalue(), format, image.width, image.height)
