"""An autoencoder of small pictures in colour, on one page: principal components, and what convolutions add to them.

    encode   pixels (B, 3, 64, 64) ─┬─ lowest waves (B, 3, W, W) ─ principal components ─┐
                                    └─ /8, blocks (B, M, 8, 8) ────────── linear ────────┴─> latents (B, Z)
    decode   latents (B, Z) ─┬─ components, waves ─> a blurred picture (B, 3, 64, 64) ───┬─> pixels (B, 3, 64, 64)
                             └─ (B, 16, 8, 8) ─┐                                         │
             blurred ─ /4, blocks (B, N, 16, 16) ─ /2, blocks (B, M, 8, 8) ─ back again ─┘  what the blurred one lacks

It begins as what principal components are, the best that anything linear can do, with weights that are computed and not learnt; all
that is learnt comes on top. Waves are those of the discrete cosine transform (Ahmed et al. 1974), of which pictures need the low ones
most. Sizes change by unshuffling (Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution", section 3.1), blocks are
residual (He et al. 2016, section 3.2) without norms, which would forget how light a picture is; at 8 by 8 every place sees all others
besides (Tolstikhin et al. 2021, "MLP-Mixer", section 2).

Each latent has variance 1 over the training pictures: Z numbers a picture, W waves a side; N and M channels.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pressroom.training.icons.pca import Pca

SIDE, PLACES = 64, 8
_FEW, _HINTS = 16, 16
"""Channels of what the encoder adds, and of what the latents tell the decoder beside the blurred picture, for each place."""


@dataclass(frozen=True, slots=True)
class IconConfig:
    """Sizes of the network."""

    latent: int = 512
    waves: int = 24
    channels: int = 48
    middle: int = 128
    blocks: int = 2


class Block(nn.Module):
    """x + conv(SiLU(conv(SiLU(x)))), which begins as x."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        last = nn.Conv2d(channels, channels, 3, 1, 1)
        _silence(last)
        self.layers = nn.Sequential(nn.SiLU(), nn.Conv2d(channels, channels, 3, 1, 1), nn.SiLU(), last)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Mixing(nn.Module):
    """All places of a channel together: (B, C, 8, 8) → the same, which begins as x."""

    def __init__(self) -> None:
        super().__init__()
        places = PLACES * PLACES
        self.layers = nn.Sequential(
            nn.SiLU(), nn.Linear(places, 2 * places), nn.SiLU(), nn.Linear(2 * places, places)
        )
        _silence(self.layers[-1])

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x.flatten(2)).view_as(x)


class IconAutoencoder(nn.Module):
    """See the page's head. Pixels are float32 in [0, 1]."""

    waves: Tensor
    spread: Tensor

    def __init__(self, config: IconConfig = IconConfig()) -> None:
        super().__init__()
        self.config = config
        z, w, n, m = config.latent, config.waves, config.channels, config.middle
        self.register_buffer("waves", cosines(w))  # (W, 64)
        self.register_buffer("spread", torch.ones(z))
        self.mean = nn.Parameter(torch.zeros(3 * w * w))
        self.into = nn.Parameter(torch.zeros(z, 3 * w * w))
        self.out_of = nn.Parameter(torch.zeros(z, 3 * w * w))
        self.seen = nn.Sequential(
            nn.PixelUnshuffle(8), nn.Conv2d(192, m, 1), *self._deep(), nn.Conv2d(m, _FEW, 1), nn.Flatten()
        )
        self.added = nn.Linear(_FEW * PLACES * PLACES, z)
        self.read = nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(48, n, 3, 1, 1), *self._shallow())
        self.hints = nn.Linear(z, _HINTS * PLACES * PLACES)
        self.middle = nn.Sequential(
            nn.Conv2d(4 * n + _HINTS, m, 1), *self._deep(), nn.Conv2d(m, 4 * n, 1), nn.PixelShuffle(2)
        )
        self.draw = nn.Sequential(*self._shallow(), nn.SiLU(), nn.Conv2d(n, 48, 3, 1, 1), nn.PixelShuffle(4))
        _silence(self.added)
        _silence(self.draw[-2])

    def _deep(self) -> list[nn.Module]:
        return [layer for _ in range(self.config.blocks) for layer in (Block(self.config.middle), Mixing())]

    def _shallow(self) -> list[nn.Module]:
        return [Block(self.config.channels) for _ in range(self.config.blocks)]

    @torch.no_grad()
    def begin(self, pixels: Tensor) -> None:
        """From the principal components of pictures (N, 3, 64, 64), and of the same mirrored."""
        low = self._low(pixels)
        pca = Pca.of(torch.cat([low, self._low(pixels.flip(3))]), self.config.latent)
        found = len(pca.directions)  # fewer than Z where there are few pictures
        self.mean.copy_(pca.mean.flatten())
        codes = (low - pca.mean) @ pca.directions.T
        self.spread[:found] = codes.std(0).clamp_min(1e-3)
        self.into[:found] = pca.directions / self.spread[:found, None]
        self.out_of[:found] = pca.directions * self.spread[:found, None]

    def encode(self, pixels: Tensor) -> Tensor:
        """(B, 3, 64, 64) → (B, Z)."""
        components = (self._low(pixels) - self.mean) @ self.into.T  # (B, Z)
        learnt: Tensor = self.added(self.seen(pixels * 2 - 1))
        return components + learnt

    def decode(self, latents: Tensor) -> Tensor:
        """(B, Z) → (B, 3, 64, 64), which may leave [0, 1] a little."""
        low = (latents @ self.out_of + self.mean).view(-1, 3, self.config.waves, self.config.waves)
        blurred = self.waves.T @ low @ self.waves  # (B, 3, 64, 64)
        x = self.read(blurred * 2 - 1)  # (B, N, 16, 16)
        hints = self.hints(latents).view(-1, _HINTS, PLACES, PLACES)
        x = x + self.middle(torch.cat([F.pixel_unshuffle(x, 2), hints], dim=1))
        sharp: Tensor = self.draw(x)
        return blurred + sharp

    def forward(self, pixels: Tensor) -> Tensor:
        return self.decode(self.encode(pixels))

    def _low(self, pixels: Tensor) -> Tensor:
        """The lowest waves: (B, 3, 64, 64) → (B, 3 W²)."""
        return (self.waves @ pixels @ self.waves.T).flatten(1)


def cosines(count: int) -> Tensor:
    """The lowest waves of the discrete cosine transform as rows of length 1: (count, 64)."""
    at = (torch.arange(SIDE) + 0.5) * math.pi / SIDE
    waves = torch.cos(torch.arange(count)[:, None] * at) * math.sqrt(2 / SIDE)
    waves[0] /= math.sqrt(2)
    return waves


def _silence(layer: nn.Module) -> None:
    """It gives 0 at first."""
    for weights in layer.parameters():
        nn.init.zeros_(weights)


@torch.no_grad()
def varied(network: IconAutoencoder, pixels: Tensor, strength: float, dice: torch.Generator) -> Tensor:
    """Pictures like these: (B, 3, 64, 64) → the same. ``strength`` from 0, which gives the very pixels, since only what the change
    makes of the network's own picture is added to the original, to 1, where nothing of its latents is left."""
    network.eval()
    latents = network.encode(pixels)
    noise = torch.randn(latents.shape, generator=dice)
    moved = (1 - strength**2) ** 0.5 * latents + strength * noise
    return (pixels + (network.decode(moved) - network.decode(latents))).clamp(0, 1)


@torch.no_grad()
def between(network: IconAutoencoder, one: Tensor, two: Tensor, steps: int) -> Tensor:
    """Each picture on its way to another, straight through the latents: (B, 3, 64, 64) twice → (B · steps, 3, 64, 64)."""
    network.eval()
    share = torch.linspace(0, 1, steps)[None, :, None]
    way = (1 - share) * network.encode(one)[:, None] + share * network.encode(two)[:, None]
    return network.decode(way.flatten(0, 1)).clamp(0, 1)
