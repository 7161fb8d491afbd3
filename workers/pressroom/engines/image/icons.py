"""Icons by words: drawings that people made are found, not generated, coloured, and told as what they are.

    words ─ weighed by how rare each is (Spärck Jones 1972) ─> the drawings that have most of them ─ colour ─> SVG

A word is also found where it begins or ends another one, for less.
"""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pressroom.contract.params import ImageParams
from pressroom.contract.pictures import ICON_SIDE
from pressroom.engines.base import EngineUnavailable, ImageGeneration, ImageOutput, NotOffered
from pressroom.engines.image.studio import Drawn, Plan

_PART, _TAG = 0.4, 0.8
"""What a word counts for that is only a part of the drawing's, or the other way round; and one that is not in its name."""
_NONE: NDArray[np.float32] = np.zeros((1, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Drawing:
    """``name`` is its set and what it is called there, ``words`` what it is found by; ``svg`` a whole document."""

    name: str
    words: tuple[str, ...]
    svg: str


class IconStudio:
    """Implements ``Studio``: rows are places of ``drawings``; there is nothing to compute."""

    def __init__(self, drawings: Sequence[Drawing], name: str, largest: int) -> None:
        self._drawings = drawings
        self._name = name
        self._index = Index(drawings)
        self._largest = largest

    @property
    def largest(self) -> int:
        return self._largest

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self._largest,)

    def plan(self, generation: ImageGeneration) -> Plan[int]:
        params = generation.params
        if params.operation != "icon":
            raise NotOffered(f"{self._name} finds icons by words: ask it for the operation icon.")
        found = self._index.find(generation.words, params.n)
        if not found:
            raise NotOffered(f"{self._name} has no icon of these words. Try other ones, in English.")
        return Found([self._drawings[n] for n in found], params)

    def draw(self, rows: Sequence[int]) -> Sequence[NDArray[Any]]:
        return [_NONE for _ in rows]

    def verify(self) -> None:
        """Nothing to run."""


@dataclass(frozen=True, slots=True)
class Found:
    """The drawings, the best first."""

    drawings: Sequence[Drawing]
    params: ImageParams

    @property
    def places(self) -> int:
        return len(self.drawings)

    def row(self, place: int) -> int:
        return place

    def drawn(self, place: int, pixels: NDArray[Any]) -> Drawn:
        drawing = self.drawings[place]
        made = ImageOutput(
            place,
            np.zeros((0, 0), np.uint8),
            drawing.name,
            scalable=False,
            drawing=coloured(drawing.svg, self.params.colour or "#000000"),
            side=self.params.size or ICON_SIDE,
        )
        return Drawn((made,))


class Index:
    """Drawings by their words."""

    def __init__(self, drawings: Sequence[Drawing]) -> None:
        self._sizes = [len(set(drawing.words)) for drawing in drawings]
        self._having: dict[str, dict[int, float]] = defaultdict(dict)
        for n, drawing in enumerate(drawings):
            called = set(tokens(drawing.name.partition(":")[2]))
            for word in drawing.words:
                self._having[word][n] = 1.0 if word in called else _TAG
        self._count = len(drawings)

    def find(self, words: str, most: int) -> list[int]:
        """Places of the drawings that fit, the best first; of two alike the one with fewer other words."""
        points: dict[int, float] = defaultdict(float)
        for asked in set(tokens(words)):
            best: dict[int, float] = {}
            for word, having in self._having.items():
                if share := _likeness(asked, word):
                    for n, weight in having.items():
                        best[n] = max(best.get(n, 0.0), share * weight)
            # Of the asked word, whichever form it was found in: a plural is rarer, and no better for that.
            rare = log(1 + self._count / max(1, len(best)))
            for n, share in best.items():
                points[n] += share * rare
        return sorted(points, key=lambda n: (-points[n], self._sizes[n], n))[:most]


def _likeness(asked: str, word: str) -> float:
    if asked == word:
        return 1.0
    if min(len(asked), len(word)) < 3:
        return 0.0
    if asked.rstrip("s") == word.rstrip("s"):
        return 0.9
    longer, shorter = (asked, word) if len(asked) > len(word) else (word, asked)
    return _PART if longer.startswith(shorter) or longer.endswith(shorter) else 0.0


def tokens(words: str) -> list[str]:
    """In small letters, without what is no letter or digit."""
    return re.findall(r"[a-z0-9]+", words.lower())


def coloured(svg: str, colour: str) -> str:
    """Where the drawing leaves its colour to the page, this one. What has its own keeps it."""
    return svg.replace("currentColor", colour)


def read_drawings(path: Path) -> list[Drawing]:
    """Of an icons file: JSON, compressed. Raises EngineUnavailable."""
    try:
        told: list[Mapping[str, Any]] = json.loads(gzip.decompress(path.read_bytes()))
        return [Drawing(each["name"], tuple(each["words"]), each["svg"]) for each in told]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineUnavailable(
            f"{path} is no file of icons ({type(error).__name__}): pull or export it again."
        ) from error
