"""Directions in which a latent is moved, so that there is more or less of something in the picture.

What can be counted in each training picture, such as how light it is, has a slope in each number of the latent: how much the number
grows where the attribute grows by one standard deviation. Moved by that, a picture gets so much more of it (the mean difference
vectors of Radford et al. 2015, "Unsupervised Representation Learning with Deep Convolutional GANs", section 6.3.2, for what comes
in degrees).
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

Count = Callable[[Tensor], Tensor]
"""Pictures (N, H, W) or (N, H, W, 3) in [0, 1] to a number each (N,)."""


def grey_attributes() -> Mapping[str, Count]:
    """Of light things on black."""
    return {"light": _light, "wide": _wide, "tall": _tall, "slanted": _slanted, "striped": _striped}


def colour_attributes() -> Mapping[str, Count]:
    """Of drawings in colour."""
    return {
        "light": _light,
        "colourful": _colourful,
        "red": _channel(0),
        "green": _channel(1),
        "blue": _channel(2),
    }


def directions(latents: Tensor, pictures: Tensor, attributes: Mapping[str, Count]) -> Mapping[str, Tensor]:
    """Name to the move (Z,) of one standard deviation, of latents (N, Z) and their pictures."""
    centred = (latents - latents.mean(0)).double()
    found = {}
    for name, count in attributes.items():
        told = count(pictures).double()
        told = (told - told.mean()) / told.std()
        found[name] = (centred * told[:, None]).mean(0).float()
    return found


def write(found: Mapping[str, Tensor], path: Path) -> None:
    """As the file that engines read."""
    arrays = {name: direction.numpy() for name, direction in found.items()}
    np.savez(path, allow_pickle=False, **arrays)


def _light(pictures: Tensor) -> Tensor:
    return pictures.flatten(1).mean(1)


def _striped(pictures: Tensor) -> Tensor:
    """How much it changes from line to line."""
    return (pictures[:, 1:] - pictures[:, :-1]).abs().flatten(1).mean(1)


def _colourful(pictures: Tensor) -> Tensor:
    return pictures.std(dim=3).flatten(1).mean(1)


def _channel(which: int) -> Count:
    """More of one colour than of the others."""

    def count(pictures: Tensor) -> Tensor:
        means = pictures.flatten(1, 2).mean(1)  # (N, 3)
        return means[:, which] - means.mean(1)

    return count


def _wide(pictures: Tensor) -> Tensor:
    return _moments(pictures)[0].sqrt()


def _tall(pictures: Tensor) -> Tensor:
    return _moments(pictures)[1].sqrt()


def _slanted(pictures: Tensor) -> Tensor:
    across, down, both = _moments(pictures)
    return both / (across * down).sqrt().clamp_min(1e-6)


def _moments(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of the light in each picture about its middle: across, down, and both together, (N,) each, in pixels²."""
    height, width = pictures.shape[1:3]
    weight = pictures / pictures.sum(dim=(1, 2), keepdim=True).clamp_min(1e-6)
    y = torch.arange(height, dtype=pictures.dtype)[:, None]
    x = torch.arange(width, dtype=pictures.dtype)[None, :]
    y = y - (weight * y).sum(dim=(1, 2), keepdim=True)
    x = x - (weight * x).sum(dim=(1, 2), keepdim=True)
    across, down = (weight * x * x).sum(dim=(1, 2)), (weight * y * y).sum(dim=(1, 2))
    return across.clamp_min(1e-6), down.clamp_min(1e-6), (weight * x * y).sum(dim=(1, 2))
