"""The process that decodes one picture from stdin and writes it to stdout as a plain PNG.

What the parent cannot trust happens here: a decoder that crashes, hangs or eats memory takes nothing
with it. The process may use so much memory and so much CPU time, open no file and write none.

    python -m pressroom.adapters.pictures.child <max side> <max pixels>

stdout: a line of JSON, ``{"width": …, "height": …}`` with the PNG behind it, or ``{"refused": "why"}``.
"""

import io
import json
import resource
import sys
from typing import Any

# Beside the pixels: the interpreter, the decoders, the encoder's buffers. In bytes.
_BASE_BYTES = 512 << 20
# The pixels as they are decoded, converted and turned round, at four bytes each.
_COPIES = 4
_CPU_S = 20
_FORMATS = ("PNG", "JPEG", "WEBP")


def main(max_side: int, max_pixels: int) -> None:
    """Decode, check, write."""
    memory = _BASE_BYTES + _COPIES * 4 * max_pixels
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):
            # macOS knows some of them by name only; on Linux none is missing.
            if sys.platform == "linux":
                raise
    given = sys.stdin.buffer.read()
    try:
        size, content = cleaned(given, max_side, max_pixels)
    except Refused as error:
        _say({"refused": str(error)})
        return
    except MemoryError:
        _say({"refused": "it needs more memory than a picture of its size should"})
        return
    _say({"width": size[0], "height": size[1]})
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


class Refused(Exception):
    """Says why the picture is not taken, as the end of a sentence."""


def cleaned(given: bytes, max_side: int, max_pixels: int) -> tuple[tuple[int, int], bytes]:
    from PIL import Image, ImageFile, ImageOps

    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        picture: Any = Image.open(io.BytesIO(given), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise Refused(f"it has more than {max_pixels} pixels") from error
    except MemoryError:
        raise
    except Exception as error:
        raise Refused("it is no PNG, JPEG or WebP that can be read") from error
    # Only the head has been read until here.
    width, height = picture.size
    if max(width, height) > max_side or width * height > max_pixels:
        raise Refused(
            f"it is {width} × {height}; at most {max_side} pixels a side and {max_pixels} in all are taken"
        )
    if getattr(picture, "is_animated", False):
        raise Refused("it is animated; send a single picture")
    try:
        picture.load()
        picture = ImageOps.exif_transpose(picture)
        picture = picture.convert(_mode(picture))
        buffer = io.BytesIO()
        # A new picture of the pixels alone: no comments, no profile, no place where it was taken.
        plain = Image.frombytes(picture.mode, picture.size, picture.tobytes())
        plain.save(buffer, "PNG", compress_level=3)
    except MemoryError:
        raise
    except Exception as error:
        raise Refused("it is cut off or damaged") from error
    return plain.size, buffer.getvalue()


def _mode(picture: Any) -> str:
    if picture.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in picture.info:
        return "RGBA"
    return "L" if picture.mode in ("1", "L", "I;16", "I", "F") else "RGB"


def _say(answer: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
