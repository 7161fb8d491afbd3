"""Pictures from outside: the good ones come out as their pixels, the bad ones end with a reason."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from pressroom.adapters.pictures import PictureLimits, ProcessCleaner
from pressroom.domain.errors import Busy, PictureInvalid

SMALL = PictureLimits(side=2_000, pixels=1_000_000)


@pytest.fixture(scope="module")
def cleaner() -> ProcessCleaner:
    return ProcessCleaner(SMALL)


def encoded(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, data: bytes, *chunks: bytes, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG by hand, which may lie."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = b"".join(chunks) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_picture_comes_out_as_its_pixels(cleaner: ProcessCleaner, form: str, mode: str) -> None:
    picture = Image.linear_gradient("L").resize((40, 30)).convert(mode)
    options = {"quality": 95} if form == "JPEG" else {"lossless": True} if form == "WEBP" else {}
    cleaned = cleaner.clean(encoded(picture, form, **options))
    assert (cleaned.media_type, cleaned.width, cleaned.height) == ("image/png", 40, 30)
    with Image.open(io.BytesIO(cleaned.content)) as found:
        assert (found.format, found.size) == ("PNG", (40, 30))
        if form != "JPEG":
            assert found.convert("RGB").tobytes() == picture.convert("RGB").tobytes()


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16", "CMYK"])
def test_every_mode_is_taken(cleaner: ProcessCleaner, mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    cleaned = cleaner.clean(encoded(Image.new(mode, (5, 4)), form))
    with Image.open(io.BytesIO(cleaned.content)) as found:
        assert found.mode == {"1": "L", "I;16": "L", "LA": "RGBA", "RGBA": "RGBA"}.get(mode, "RGB")


def test_nothing_but_pixels_is_kept(cleaner: ProcessCleaner) -> None:
    """No place, no comment, no profile; and what stands behind the picture is gone."""
    exif = Image.Exif()
    exif[0x010E] = "secret-description"
    exif[0x0112] = 6  # turned by a quarter
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "secret-comment")
    given = encoded(
        Image.new("RGB", (30, 20), "red"), "PNG", exif=exif, pnginfo=words, icc_profile=b"secret-profile"
    )
    cleaned = cleaner.clean(given + b"secret-tail <script>")
    assert b"secret" not in cleaned.content
    assert (cleaned.width, cleaned.height) == (20, 30), "it stands as it was meant to"
    with Image.open(io.BytesIO(cleaned.content)) as found:
        assert not found.info
        assert not found.getexif()


GOOD = encoded(Image.linear_gradient("L").resize((64, 64)))
BAD: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"not a picture",
    "SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "GIF": lambda: encoded(Image.new("P", (4, 4)), "GIF"),
    "BMP": lambda: encoded(Image.new("RGB", (4, 4)), "BMP"),
    "TIFF": lambda: encoded(Image.new("RGB", (4, 4)), "TIFF"),
    "EPS": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n(evil) run\n",
    "PDF": lambda: b"%PDF-1.4\n",
    "zip": lambda: b"PK\x03\x04" + bytes(50),
    "cut head": lambda: GOOD[:20],
    "cut body": lambda: GOOD[: len(GOOD) // 2],
    "cut JPEG": lambda: encoded(Image.effect_noise((200, 200), 50), "JPEG")[:3000],
    "cut WebP": lambda: encoded(Image.effect_noise((200, 200), 50), "WEBP")[:1000],
    "spoiled body": lambda: GOOD[:80] + b"\xff" * 60 + GOOD[140:],
    "no rows": lambda: png(10, 10, zlib.compress(b"")),
    "animated PNG": lambda: encoded(
        Image.new("L", (4, 4)), save_all=True, append_images=[Image.new("L", (4, 4), 9)]
    ),
    "animated WebP": lambda: encoded(
        Image.new("RGB", (4, 4)), "WEBP", save_all=True, append_images=[Image.new("RGB", (4, 4), "red")]
    ),
    "too wide": lambda: encoded(Image.new("1", (2_001, 1))),
    "too many pixels": lambda: encoded(Image.new("1", (1_001, 1_000))),
    # A head that promises 4 billion pixels, and one whose few bytes unpack to a gigabyte.
    "huge head": lambda: png(65_535, 65_535, zlib.compress(b"\0" * 10)),
    "largest head": lambda: png(2**31 - 1, 2**31 - 1, zlib.compress(b"\0")),
    "bomb": lambda: png(30_000, 30_000, zlib.compress(bytes(30_001 * 1_000), 9)),
    "text bomb": lambda: png(1, 1, zlib.compress(b"\0\0"), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200 << 20), 9))),
    "profile bomb": lambda: png(1, 1, zlib.compress(b"\0\0"), chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200 << 20), 9))),
    "zero wide": lambda: png(0, 10, zlib.compress(b"\0")),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_bad_picture_is_refused_with_a_reason(cleaner: ProcessCleaner, bad: Callable[[], bytes]) -> None:
    with pytest.raises(PictureInvalid, match="The picture is not taken: ") as refused:
        cleaner.clean(bad())
    assert refused.value.field == "body"
    assert "Traceback" not in refused.value.message


def test_an_overflowing_row_of_pixels_gives_what_the_head_promised(cleaner: ProcessCleaner) -> None:
    """More data than the head has room for: the rest is not unpacked into memory."""
    try:
        cleaned = cleaner.clean(png(1, 1, zlib.compress(bytes(100 << 20), 9)))
    except PictureInvalid:
        return
    assert (cleaned.width, cleaned.height) == (1, 1)
    assert len(cleaned.content) < 200


def test_a_decoder_that_hangs_is_ended() -> None:
    with pytest.raises(PictureInvalid, match="too long"):
        ProcessCleaner(SMALL, timeout_s=0.01).clean(GOOD)


def test_a_decoder_that_crashes_takes_only_itself(
    cleaner: ProcessCleaner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pressroom.adapters.pictures.cleaner.sys.executable", "/bin/false")
    with pytest.raises(PictureInvalid, match="reading it failed"):
        cleaner.clean(GOOD)


def test_only_so_many_are_decoded_at_once() -> None:
    busy = ProcessCleaner(PictureLimits(at_once=1), timeout_s=0.05)
    assert busy._places.acquire(blocking=False)
    with pytest.raises(Busy):
        busy.clean(GOOD)
    busy._places.release()
    with pytest.raises(PictureInvalid, match="too long"):
        busy.clean(GOOD)
    assert busy._places.acquire(blocking=False), "its place is given back"
