"""The seam inside the picture engine: what a model is to the ring of requests that share its batches.

    ImageGeneration ─> Studio.plan ─> Plan: places, one after the other ─> Row ─┐
                                      ImageOutput <─ drawn <────────────────────┴─ Studio.draw (a batch of anybody's rows)

A place is a turn in a batch: one picture, one tile of a picture, or one round of a picture that takes several.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pressroom.engines.base import ImageGeneration, ImageOutput

Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a place has come to. ``again``: it takes another turn."""

    images: tuple[ImageOutput, ...] = ()
    again: bool = False


class Plan(Protocol[Row_co]):
    """A request's way through batches. Places are begun in their order."""

    @property
    def places(self) -> int:
        """How many there are, 1 or more."""

    def row(self, place: int) -> Row_co:
        """What the model is given; asked again, the same where the last one was not drawn."""

    def drawn(self, place: int, pixels: NDArray[np.float32]) -> Drawn:
        """The model's answer to that row, in [0, 1]."""


class Studio(Protocol[Row]):
    """A model that answers rows, at most ``largest`` at once. Each row's answer depends on it alone, bit for bit."""

    @property
    def largest(self) -> int: ...

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes that batches are padded to."""

    def plan(self, generation: ImageGeneration) -> Plan[Row]:
        """Raises NotOffered for what this model cannot do, GenerationFailed for what it fails on."""

    def draw(self, rows: Sequence[Row]) -> Sequence[NDArray[Any]]:
        """Pixels of each row, float32 in [0, 1]. Raises what the runtime raises."""

    def verify(self) -> None:
        """Run the model, and find the sizes that may be used."""
