"""A trained generator as something that makes pictures, and walks from one of them to another."""

import torch
from torch import Tensor

from pressroom.training.gan.model import Generator

_AT_ONCE = 500


class GanPictures:
    """Implements ``PictureModel``: it has no classes, and no way back from a picture."""

    classes = 0

    def __init__(self, generator: Generator) -> None:
        self.generator = generator.eval()

    @torch.no_grad()
    def sample(self, labels: Tensor, *, guidance: float = 1.0, seed: int = 0) -> Tensor:
        dice = torch.Generator().manual_seed(seed)
        z = torch.randn(len(labels), self.generator.config.latent, generator=dice)
        return torch.cat([self.generator(part) for part in z.split(_AT_ONCE)])

    def reconstructed(self, pixels: Tensor, labels: Tensor) -> None:
        return None

    @torch.no_grad()
    def walk(self, rows: int, steps: int, *, seed: int = 0) -> Tensor:
        """Rows of ``steps`` pictures that go from one to another, over the sphere on which nearly all z lie (White 2016,
        section 2): (rows · steps, H, W)."""
        dice = torch.Generator().manual_seed(seed)
        shown = []
        for _ in range(rows):
            a, b = torch.randn(2, self.generator.config.latent, generator=dice)
            angle = torch.arccos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))
            share = torch.linspace(0, 1, steps)[:, None]
            z = (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)
            shown.append(self.generator(z))
        return torch.cat(shown)
