"""The autoencoder of icons as a task of the loop: its mean square error, and its decibels on concepts that were held out."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pressroom.training.icons.model import IconAutoencoder
from pressroom.training.loop.muon import Muon
from pressroom.training.loop.task import Now, OneLoss
from pressroom.training.measure.psnr import psnr

_AT_ONCE = 64
_OF_COMPONENTS, _OF_OTHERS = 0.01, 0.05
"""Shares of the learning rate."""


class IconTask(OneLoss):
    """``train`` and ``held_out`` (N, 3, 64, 64) uint8. Half of all drawings are shown mirrored, half with colours swapped."""

    most_gradient = 1.0

    def __init__(self, network: IconAutoencoder, train: Tensor, held_out: Tensor) -> None:
        super().__init__(network, _optimiser(network))
        self.autoencoder, self._train, self._held_out = network, train, held_out

    @property
    def rows(self) -> int:
        return len(self._train)

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        pixels = as_pixels(self._train[rows])
        pixels = torch.where(torch.rand(len(rows), 1, 1, 1) < 0.5, pixels.flip(3), pixels)
        swapped = pixels[:, torch.randperm(3)]
        pixels = torch.where(torch.rand(len(rows), 1, 1, 1) < 0.5, swapped, pixels)
        return {"loss": (self.autoencoder(pixels) - pixels).square().mean()}

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        """The mean over pictures of the mean square error; ``psnr_db`` besides."""
        pixels = as_pixels(self._held_out)
        again = seen_again(self.autoencoder, pixels)
        error = float((again - pixels).square().mean())
        return {"score": error, "loss": error, "psnr_db": psnr(pixels, again)}


def _optimiser(network: IconAutoencoder) -> Muon:
    """Kernels and matrices by Muon. What reads and writes pixels, and the principal components, which are good from the start,
    by Adam in smaller steps."""
    components = {id(network.into), id(network.out_of)}
    at_the_edge = {id(network.read[1].weight), id(network.draw[-2].weight)}
    matrices, others = [], []
    for each in network.parameters():
        if id(each) in components:
            others.append((each, _OF_COMPONENTS))
        elif each.ndim < 2 or id(each) in at_the_edge:
            others.append((each, _OF_OTHERS))
        else:
            matrices.append(each)
    return Muon(matrices, others)


def as_pixels(pictures: Tensor) -> Tensor:
    """uint8 → float32 in [0, 1]."""
    return pictures.float() / 255


@torch.no_grad()
def seen_again(network: IconAutoencoder, pixels: Tensor) -> Tensor:
    """(N, 3, 64, 64) → the same, in [0, 1]."""
    network.eval()
    return torch.cat([network(part).clamp(0, 1) for part in pixels.split(_AT_ONCE)])
