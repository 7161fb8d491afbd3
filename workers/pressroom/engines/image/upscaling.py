"""A network that makes pictures larger, one tile at a time: each has a rim of its surroundings, which is cut off again, so that
no seam can be seen. Around the picture its own edge goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pressroom.catalog.manifest import ImageTraits
from pressroom.engines.base import ImageGeneration, ImageOutput, NotOffered, Pixels
from pressroom.engines.image.fitting import on_paper
from pressroom.engines.image.plans import grey_levels
from pressroom.engines.image.studio import Drawn, Plan
from pressroom.engines.sessions import Session

Floats = NDArray[np.float32]

RIM = 12
"""Pixels of a tile that are only looked at; a network may look so far and no further."""
_TILES_A_STEP = 4


class UpscaleStudio:
    """Implements ``Studio``: rows are tiles (H, W, 3) float32 in [0, 1] of the manifest's size. Each runs alone, since larger
    batches are no faster where a tile keeps all cores busy."""

    def __init__(self, session: Session, traits: ImageTraits, name: str) -> None:
        self._session = session
        self._traits = traits
        self._name = name

    @property
    def largest(self) -> int:
        return _TILES_A_STEP

    @property
    def sizes(self) -> tuple[int, ...]:
        return (1,)

    def plan(self, generation: ImageGeneration) -> Plan[Floats]:
        if generation.params.operation != "upscale":
            raise NotOffered(f"{self._name} makes pictures larger: ask it for the operation upscale.")
        return Enlargement.of(generation.pictures[0], self._traits.height - 2 * RIM, self._traits.times)

    def draw(self, rows: Sequence[Floats]) -> Sequence[Floats]:
        made = []
        for row in rows:
            pixels: Floats = self._session.run({"pixels": row[None]})[0][0]
            if not np.isfinite(pixels).all():
                raise ArithmeticError("it gave pixels that are no numbers")
            made.append(pixels)
        return made

    def verify(self) -> None:
        self.draw([np.zeros((self._traits.height, self._traits.width, 3), np.float32)])


@dataclass(slots=True)
class Enlargement:
    """``padded`` is the picture with its rim, in whole tiles; ``core`` pixels of a tile count."""

    picture: Pixels
    padded: Floats
    core: int
    times: int
    _large: Pixels = field(init=False)

    def __post_init__(self) -> None:
        height, width = self.picture.shape[:2]
        self._large = np.empty((height * self.times, width * self.times, 3), np.uint8)

    @classmethod
    def of(cls, picture: Pixels, core: int, times: int) -> "Enlargement":
        flat = on_paper(picture, 3).astype(np.float32) / 255
        height, width = flat.shape[:2]
        rims = [(RIM, RIM + -size % core) for size in (height, width)]
        return cls(picture, np.pad(flat, (*rims, (0, 0)), mode="edge"), core, times)

    @property
    def places(self) -> int:
        rows, columns = self._grid
        return rows * columns

    def row(self, place: int) -> Floats:
        top, left = self._at(place)
        side = self.core + 2 * RIM
        return self.padded[top : top + side, left : left + side]

    def drawn(self, place: int, pixels: Floats) -> Drawn:
        top, left = (at * self.times for at in self._at(place))
        rim, side = RIM * self.times, self.core * self.times
        room = self._large[top : top + side, left : left + side]
        room[...] = grey_levels(pixels[rim : rim + room.shape[0], rim : rim + room.shape[1]])
        if place < self.places - 1:
            return Drawn()
        return Drawn((ImageOutput(0, self._whole(), None, scalable=False),))

    def _whole(self) -> Pixels:
        """In as many channels as the original has; transparency is interpolated."""
        if self.picture.ndim == 2:
            return np.asarray(Image.fromarray(self._large).convert("L"))
        if self.picture.shape[2] == 3:
            return self._large
        alpha = Image.fromarray(np.ascontiguousarray(self.picture[..., 3]))
        large = alpha.resize((self._large.shape[1], self._large.shape[0]), Image.Resampling.BICUBIC)
        return np.concatenate([self._large, np.asarray(large)[..., None]], axis=2)

    @property
    def _grid(self) -> tuple[int, int]:
        height, width = self.picture.shape[:2]
        return -(-height // self.core), -(-width // self.core)

    def _at(self, place: int) -> tuple[int, int]:
        """Where the tile begins, in pixels of the padded picture, and its core in those of the picture itself."""
        row, column = divmod(place, self._grid[1])
        return row * self.core, column * self.core
