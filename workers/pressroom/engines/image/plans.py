"""What each operation of a latent model does with its turns: which latents are decoded, and what becomes of the pixels.

    sample        z ~ N(0, truncation²)
    reconstruct   z = encode(x)
    variation     x + decode(turned(z, strength)) - decode(z)
    edit          x + decode(z + strength · attribute) - decode(z)
    interpolate   decode(z_t) + (1 - t)³ (a - decode(z_a)) + t³ (b - decode(z_b)), z_t on the straight way
    inpaint       the best of some samples by what is known; then, again and again, x ← x outside of the mask, decode(encode(x)) within

Changes are added to the original, so that all that the model cannot draw stays in it, and no change is none. Inpainting is
the Markov chain of Rezende et al. 2014, "Stochastic Backpropagation and Approximate Inference in Deep Generative Models",
section 5 and appendix E.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pressroom.contract.params import ImageParams
from pressroom.engines.base import ImageOutput, Pixels
from pressroom.engines.image.fitting import Frame, changed
from pressroom.engines.image.latents import latent
from pressroom.engines.image.studio import Drawn

Floats = NDArray[np.float32]
Encode = Callable[[Floats, int], Floats]
"""A picture of the frame, as one of a class, to the mean of its latent."""

BEGINNINGS, ROUNDS = 32, 12
"""Of an inpainted picture: samples of which the one goes on that is most like what is known, and turns, of which the last ones
hardly change it any more."""


@dataclass(frozen=True, slots=True)
class LatentRow:
    """``z`` (Z,) to be decoded as one of ``label``."""

    z: Floats
    label: int
    guidance: float = 1.0


def grey_levels(pixels: Floats) -> Pixels:
    """[0, 1] → 0 to 255."""
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Samples:
    """New pictures, each of its own noise; ``label_of`` tells the class of each, ``named`` what that is called."""

    params: ImageParams
    size: int
    label_of: Callable[[int], int]
    named: Callable[[int], str | None]

    @property
    def places(self) -> int:
        return self.params.n

    def row(self, place: int) -> LatentRow:
        z = latent(self.params.seed or 0, place, self.size) * np.float32(self.params.truncation)
        return LatentRow(z, self.label_of(place), self.params.guidance)

    def drawn(self, place: int, pixels: Floats) -> Drawn:
        # A new array, so that a kept picture does not keep its whole batch in memory.
        return Drawn((ImageOutput(place, grey_levels(pixels), self.named(self.label_of(place))),))


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """The picture as the model sees it, at the model's size."""

    z: Floats
    label: int
    named: str | None
    places: int = 1

    def row(self, place: int) -> LatentRow:
        return LatentRow(self.z, self.label)

    def drawn(self, place: int, pixels: Floats) -> Drawn:
        return Drawn((ImageOutput(place, grey_levels(pixels), self.named),))


@dataclass(slots=True)
class Changes:
    """Pictures like ``picture``: the first place decodes its own latent, each other one a moved one."""

    picture: Pixels
    frame: Frame
    z: Floats
    moved: Callable[[int], Floats]
    count: int
    label: int
    named: str | None
    _own: Floats | None = None

    @property
    def places(self) -> int:
        return self.count + 1

    def row(self, place: int) -> LatentRow:
        return LatentRow(self.moved(place - 1) if place else self.z, self.label)

    def drawn(self, place: int, pixels: Floats) -> Drawn:
        if place == 0:
            self._own = pixels.copy()
            return Drawn()
        assert self._own is not None  # its place was begun, and so drawn, before
        change = self.frame.back(pixels - self._own, self.picture)
        made = changed(self.picture, change)
        return Drawn((ImageOutput(place - 1, made, self.named, scalable=False),))


@dataclass(slots=True)
class Way:
    """Pictures on the way from one to another, at the model's size: places 0 and 1 decode the ends, which are wanted first."""

    ends: tuple[Floats, Floats]
    z: tuple[Floats, Floats]
    count: int
    label: int
    named: str | None
    _missed: list[Floats] = field(default_factory=list)

    @property
    def places(self) -> int:
        return self.count + 2

    def row(self, place: int) -> LatentRow:
        if place < 2:
            return LatentRow(self.z[place], self.label)
        t = self._share(place)
        return LatentRow(((1 - t) * self.z[0] + t * self.z[1]).astype(np.float32), self.label)

    def drawn(self, place: int, pixels: Floats) -> Drawn:
        if place < 2:
            self._missed.append(self.ends[place] - pixels)
            return Drawn()
        t = self._share(place)
        # Cubed: the ends are themselves, and no ghosts of them stand in what lies between.
        whole = pixels + (1 - t) ** 3 * self._missed[0] + t**3 * self._missed[1]
        return Drawn((ImageOutput(place - 2, grey_levels(whole), self.named),))

    def _share(self, place: int) -> float:
        return (place - 2) / (self.count - 1)


@dataclass(slots=True)
class Inpainting:
    """What the mask shows is painted anew, ``count`` times, each from its own beginnings: places ``BEGINNINGS`` · n and after are
    the beginnings of picture n, the last of which takes the turns. They are of all ``labels``, one after the other."""

    picture: Pixels
    mask: Pixels
    frame: Frame
    encode: Encode
    seed: int
    size: int
    count: int
    labels: tuple[int, ...]
    named: Callable[[int], str | None]
    _known: Floats = field(init=False)
    _hole: Floats = field(init=False)
    _best: dict[int, tuple[float, int, Floats]] = field(default_factory=dict)
    _now: dict[int, tuple[int, int, Floats]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = self.frame.seen(self.picture)
        self._hole = self.frame.seen_mask(self.mask)

    @property
    def places(self) -> int:
        return self.count * BEGINNINGS

    def row(self, place: int) -> LatentRow:
        if place not in self._now:
            return LatentRow(latent(self.seed, place, self.size), self._label(place))
        _, label, pixels = self._now[place]
        return LatentRow(self.encode(pixels, label), label)

    def drawn(self, place: int, pixels: Floats) -> Drawn:
        n, begun = divmod(place, BEGINNINGS)
        if place not in self._now:
            off = float(np.square((1 - self._hole) * (pixels - self._known)).sum())
            if n not in self._best or off < self._best[n][0]:
                self._best[n] = off, self._label(place), self._filled(pixels)
            if begun < BEGINNINGS - 1:
                return Drawn()
            self._now[place] = 1, *self._best.pop(n)[1:]
            return Drawn(again=True)
        turn, label, _ = self._now[place]
        if turn < ROUNDS:
            self._now[place] = turn + 1, label, self._filled(pixels)
            return Drawn(again=True)
        del self._now[place]
        anew = self.frame.back(pixels - self._known, self.picture)
        inside = (self.mask >= 128).astype(np.float32)
        change = anew * (inside if anew.ndim == 2 else inside[..., None])
        made = changed(self.picture, change)
        return Drawn((ImageOutput(n, made, self.named(label), scalable=False),))

    def _label(self, place: int) -> int:
        return self.labels[place % BEGINNINGS % len(self.labels)]

    def _filled(self, pixels: Floats) -> Floats:
        return (self._hole * pixels + (1 - self._hole) * self._known).astype(np.float32)


def turned(z: Floats, noise: Floats, strength: float) -> Floats:
    """A latent on its way to chance: itself at 0, noise at 1. Its length stays what it was, so that the decoder knows the place."""
    keep = np.float32((1 - strength**2) ** 0.5)
    return (z * keep + np.float32(strength) * noise).astype(np.float32)
