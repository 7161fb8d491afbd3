"""A trained VAE as something that makes pictures."""

import torch
from torch import Tensor

from pressroom.training.vae import evaluate
from pressroom.training.vae.model import Vae

_AT_ONCE = 1_000


class VaePictures:
    """Implements ``PictureModel``. A picture is seen again by the mean of its latents."""

    def __init__(self, vae: Vae) -> None:
        self.vae = vae.eval()

    @property
    def classes(self) -> int:
        return self.vae.config.classes

    @torch.no_grad()
    def sample(self, labels: Tensor, *, guidance: float = 1.0, seed: int = 0) -> Tensor:
        return evaluate.sample(self.vae, labels, guidance=guidance, seed=seed)

    @torch.no_grad()
    def reconstructed(self, pixels: Tensor, labels: Tensor) -> Tensor:
        seen = []
        for x, y in zip(pixels.split(_AT_ONCE), labels.split(_AT_ONCE), strict=True):
            mean, _ = self.vae.encode(x, y)
            seen.append(torch.sigmoid(self.vae.decode(mean, y)))
        return torch.cat(seen)

    @torch.no_grad()
    def between(self, pixels: Tensor, labels: Tensor, steps: int) -> Tensor:
        """Each second picture on its way to the next, straight through the latents: (2 R, H, W), (2 R,) → (R · steps, H, W).
        A network that is shown the class is shown the first one's up to the middle, then the other's."""
        mean, _ = self.vae.encode(pixels, labels)
        rows = []
        for at in range(0, len(pixels), 2):
            share = torch.linspace(0, 1, steps)[:, None]
            z = (1 - share) * mean[at] + share * mean[at + 1]
            shown = torch.where(share[:, 0] < 0.5, labels[at], labels[at + 1])
            rows.append(torch.sigmoid(self.vae.decode(z, shown)))
        return torch.cat(rows)
