"""Pixels become a file: magnified, then PNG or WebP. Runs outside the engine thread.

The same pixels, scale and format give the same bytes with the same Pillow: nothing but pixels is
written, no time, no software name. Both formats are lossless.
"""

import io

from PIL import Image

from pressroom.contract.params import ImageFormat
from pressroom.engines.base import ImageOutput

MEDIA_TYPES: dict[ImageFormat, str] = {"png": "image/png", "webp": "image/webp"}


def encode(output: ImageOutput, scale: int, format: ImageFormat) -> tuple[bytes, str]:  # noqa: A002 (the wire's word)
    """Returns the file's bytes and its media type.

    :param scale: whole-number magnification, 1 or more. Lanczos: a photo of cloth looks like cloth,
        where repeating pixels would show squares.
    :raises ValueError: a scale below 1, or a format that is not known.
    """
    if scale < 1:
        raise ValueError(f"scale is {scale}: it must be 1 or more")
    if format not in MEDIA_TYPES:
        raise ValueError(f"format is {format!r}: use one of {', '.join(MEDIA_TYPES)}")
    image = Image.fromarray(output.pixels)
    if scale > 1:
        image = image.resize((image.width * scale, image.height * scale), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if format == "png":
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "WEBP", lossless=True, quality=80, method=4)
    return buffer.getvalue(), MEDIA_TYPES[format]
