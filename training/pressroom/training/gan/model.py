"""Generator and critic, on one page.

    generator   z (B, Z) ─> (B, 2 N, 7, 7) ─ x2 ─> (B, N, 14, 14) ─ x2 ─> pixels (B, 28, 28) in [0, 1]
    critic      pixels ─ /2 ─> ─ /2 ─> (B, 2 N, 7, 7) ─> how real it looks (B,), as a logit

Strided convolutions and no pooling, as Radford et al. 2016 (DCGAN), section 3; batch norm in the generator alone. The game
(Goodfellow et al. 2014, section 3, with the generator's loss that does not saturate):

    critic      −ln σ(D(x)) − ln(1 − σ(D(G(z)))) + γ/2 |∇D(x)|²        generator   −ln σ(D(G(z)))

The last term is R1: with it the game comes to rest where real and made are alike, without it it circles around (Mescheder
et al. 2018, "Which Training Methods for GANs do actually Converge?", section 4.1). Pictures are made with a mean of the
generator's weights over the last steps, which is calmer than any of them (Yazıcı et al. 2019).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 28


@dataclass(frozen=True, slots=True)
class GanConfig:
    """``channels`` N, of the widest planes."""

    latent: int = 64
    channels: int = 32


class Generator(nn.Module):
    """See the page's head."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        n = config.channels
        self.layers = nn.Sequential(
            nn.Linear(config.latent, 2 * n * 7 * 7, bias=False),
            nn.Unflatten(1, (2 * n, 7, 7)),
            nn.BatchNorm2d(2 * n),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * n, n, 4, 2, 1, bias=False),
            nn.BatchNorm2d(n),
            nn.ReLU(),
            nn.ConvTranspose2d(n, n, 4, 2, 1, bias=False),
            nn.BatchNorm2d(n),
            nn.ReLU(),
            nn.Conv2d(n, 1, 3, 1, 1),
        )

    def forward(self, z: Tensor) -> Tensor:
        """(B, Z) of N(0, 1) → (B, 28, 28) in [0, 1]."""
        pixels: Tensor = torch.sigmoid(self.layers(z)).squeeze(1)
        return pixels


class Critic(nn.Module):
    """See the page's head."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        n = config.channels
        self.layers = nn.Sequential(
            nn.Conv2d(1, n, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(n, 2 * n, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * n, 2 * n, 3, 1, 1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * n * 7 * 7, 1),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 28, 28) → (B,)."""
        logits: Tensor = self.layers(pixels[:, None]).squeeze(1)
        return logits


def critic_loss(real: Tensor, made: Tensor) -> Tensor:
    """Of logits (B,) each, in nats: how badly real is told from made. 2 ln 2 where the critic knows nothing."""
    return F.softplus(-real).mean() + F.softplus(made).mean()


def generator_loss(made: Tensor) -> Tensor:
    """Of logits (B,), in nats: how badly made passes for real."""
    return F.softplus(-made).mean()


def r1(logits: Tensor, pixels: Tensor) -> Tensor:
    """Mean of |∇D(x)|² at real pictures; ``pixels`` must ask for gradients."""
    (slope,) = torch.autograd.grad(logits.sum(), pixels, create_graph=True)
    return slope.square().flatten(1).sum(1).mean()
