"""A VAE with a flow before its decoder, as something that makes pictures."""

import torch
from torch import Tensor

from pressroom.training.flow.model import Flow
from pressroom.training.vae.model import Vae
from pressroom.training.vae.pictures import VaePictures

_AT_ONCE = 1_000


class FlowPictures:
    """Implements ``PictureModel``. The VAE is one that is not shown the class; the flow is."""

    def __init__(self, vae: Vae, flow: Flow) -> None:
        self.flow, self.vae = flow.eval(), VaePictures(vae)

    @property
    def classes(self) -> int:
        return self.flow.config.classes

    @torch.no_grad()
    def sample(self, labels: Tensor, *, guidance: float = 1.0, seed: int = 0) -> Tensor:
        dice = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(labels), self.flow.config.latent, generator=dice)
        made = []
        for z, label in zip(noise.split(_AT_ONCE), labels.split(_AT_ONCE), strict=True):
            made.append(self.carried(z, label, torch.full(label.shape, guidance)))
        return torch.cat(made)

    def carried(self, noise: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
        """(B, Z) of N(0, 1), (B,), (B,) → (B, H, W) in [0, 1]."""
        return torch.sigmoid(self.vae.vae.decode(self.flow.carried(noise, label, guidance), label))

    def reconstructed(self, pixels: Tensor, labels: Tensor) -> Tensor:
        return self.vae.reconstructed(pixels, labels)
