"""Four permissive sets of emoji as drawings (SVG), from npm's packages of Iconify: about 5,600 after skin tones.

    set ─> icons.json ─> Icon (name, concept, svg) ─> pixels ─┬─> train
                                                              ├─> held out (one concept in twenty)
                                                              └─> test     (another one)

A concept is a name without what sets write differently: "alarm-clock" and "alarmclock" are one. All drawings of a concept
fall on the same side, in all sets, so that nothing that is tested has been seen in another hand.
"""

import hashlib
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from resvg_py import svg_to_bytes

from pressroom.training.data import sources
from pressroom.training.data.errors import DataCorrupt
from pressroom.training.data.packages import Npm
from pressroom.training.data.sources import Say, Source

FILE = "icons.json"
SIDE = 64


def _set(name: str, title: str, licence: str, version: str, sha256: str, megabytes: int) -> Source:
    return Source(
        name=f"icons-{name}",
        title=title,
        licence=licence,
        files={FILE: sha256},
        package=Npm(f"@iconify-json/{name}", version),
        megabytes=megabytes,
    )


SOURCES = (
    _set(
        "noto",
        "Noto Emoji",
        "Apache-2.0, © Google",
        "1.2.9",
        "9eac6ef4e7ec122b6f0e7ac281d61008afdbc720d0ce861e398b939daaa347c6",
        4,
    ),
    _set(
        "noto-v1",
        "Noto Emoji of before 2017",
        "Apache-2.0, © Google",
        "1.2.5",
        "ce70d8aa90345cf389875c3571ecd245bd943401822a0c5a0f62336bf8487333",
        2,
    ),
    _set(
        "fxemoji",
        "Firefox OS Emoji",
        "Apache-2.0, © Mozilla",
        "1.2.2",
        "d8ef67b94a32d0abcd314d1c35db56178eaa8fa8ad71130e312f3460e307c2bf",
        1,
    ),
    _set(
        "fluent-emoji-flat",
        "Fluent Emoji Flat",
        "MIT, © Microsoft",
        "1.2.6",
        "f5f4cf457c0db2ad5a2e42e033e02e0c87d10e43d0164cfffb3bb84914970a63",
        2,
    ),
)

# "…-medium-light-skin-tone" in one set, "…-medium-light" in another.
_TONE = re.compile(r"-skin-tone|-(medium-)?(light|dark)$|-medium$")
_IN_TWENTY_HELD_OUT, _IN_TWENTY_TEST = 0, 1


@dataclass(frozen=True, slots=True)
class Icon:
    """``svg`` is a whole document."""

    set: str
    name: str
    svg: str

    @property
    def concept(self) -> str:
        return re.sub(r"[^a-z0-9]", "", self.name)


@dataclass(frozen=True, slots=True)
class Icons:
    """``pixels`` (N, 3, side, side) uint8 on white, of ``icons``, in their order."""

    icons: Sequence[Icon]
    pixels: NDArray[np.uint8]

    def part(self, wanted: NDArray[np.bool_]) -> "Icons":
        return Icons([icon for icon, yes in zip(self.icons, wanted, strict=True) if yes], self.pixels[wanted])


@dataclass(frozen=True, slots=True)
class Split:
    train: Icons
    held_out: Icons
    test: Icons


def load(folder: Path | None = None, *, say: Say = lambda line: None) -> Split:
    """All sets, drawn. ``folder`` has a folder for each (``icons-noto``, …). See ``sources.read``, which says what is raised.

    Drawing takes about a minute, so pixels are kept in ``var/data`` under the hash of what was drawn."""
    icons: list[Icon] = []
    for source in SOURCES:
        place = folder / source.name if folder else None
        icons += icons_of(sources.read(source, place, say=say)[FILE], source.name)
    return split(Icons(icons, _drawn(icons, say)))


def icons_of(content: bytes, name: str) -> list[Icon]:
    """Of one set, in the file's order, but for hidden ones and those that differ by the tone of a skin alone. Raises
    DataCorrupt."""
    try:
        told = json.loads(content)
        return [
            Icon(name, each, document(told, icon))
            for each, icon in told["icons"].items()
            if not icon.get("hidden") and not _is_a_tone(each, told["icons"])
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataCorrupt(f"{name}'s {FILE} is no set of icons ({error!r}): fetch it again.") from error


def _is_a_tone(name: str, icons: Mapping[str, Any]) -> bool:
    """Whether it is another icon of the set in a skin of another tone."""
    found = _TONE.search(name)
    return found is not None and ("skin-tone" in name or name[: found.start()] in icons)


def split(icons: Icons) -> Split:
    """By concept: one in twenty is held out, one in twenty is for the test."""
    fall = np.array([int(hashlib.sha256(icon.concept.encode()).hexdigest(), 16) % 20 for icon in icons.icons])
    held_out, test = fall == _IN_TWENTY_HELD_OUT, fall == _IN_TWENTY_TEST
    return Split(icons.part(~(held_out | test)), icons.part(held_out), icons.part(test))


def draw(icon: Icon, side: int = SIDE) -> NDArray[np.uint8]:
    """(3, side, side) on white, the drawing as large as fits. Raises DataCorrupt."""
    try:
        png = svg_to_bytes(svg_string=icon.svg, width=side, height=side, skip_system_fonts=True)
    except ValueError as error:
        raise DataCorrupt(f"{icon.set}'s {icon.name} cannot be drawn: {error}") from error
    with Image.open(io.BytesIO(png)) as drawn:
        drawing = drawn.convert("RGBA")
        whole = Image.new("RGBA", (side, side), "white")
        whole.alpha_composite(drawing, ((side - drawing.width) // 2, (side - drawing.height) // 2))
    return np.asarray(whole.convert("RGB")).transpose(2, 0, 1)


def document(told: Mapping[str, Any], icon: Mapping[str, Any]) -> str:
    """Iconify keeps what is inside of an <svg>, and its sizes once for all that do not say their own."""
    left, top = (icon.get(side, told.get(side, 0)) for side in ("left", "top"))
    width, height = (icon.get(size, told.get(size, 16)) for size in ("width", "height"))
    box = f"{left} {top} {width} {height}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{icon["body"]}</svg>'


def _drawn(icons: Sequence[Icon], say: Say) -> NDArray[np.uint8]:
    named = hashlib.sha256("".join(icon.svg for icon in icons).encode()).hexdigest()[:16]
    kept = sources.CACHE / f"icons-{SIDE}-{named}.npy"
    if kept.is_file():
        pixels: NDArray[np.uint8] = np.load(kept)
        return pixels
    say(f"drawing {len(icons):,} icons of {SIDE} by {SIDE} pixels")
    pixels = np.stack([draw(icon) for icon in icons])
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(f".{os.getpid()}.part.npy")
    np.save(part, pixels)
    part.replace(kept)
    return pixels
