"""An autoencoder of small pictures in colour, on one page.

    pixels (B, 3, 64, 64) ─ /4 ─> (B, N, 16, 16) ─ /2 ─> (B, 2 N, 8, 8) ─> latents (B, Z, 8, 8) ─ and back

Latents keep their place: what lies in one corner of a picture is told by that corner's numbers, as the patches of a picture
format are. So a network of few weights serves all places, and learns from a few thousand drawings what a dense one could
not. Sizes change by unshuffling (Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution", section 3.1), blocks
are residual (He et al. 2016, section 3.2) without norms, which would forget how light a picture is.

Z · 64 numbers a picture; N channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

SIDE, PLACES = 64, 8


@dataclass(frozen=True, slots=True)
class IconConfig:
    """Sizes of the network. ``latent`` Z numbers for each of 8 by 8 places."""

    latent: int = 8
    channels: int = 64
    blocks: int = 2

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a picture's latents."""
        return self.latent, PLACES, PLACES

    @property
    def numbers(self) -> int:
        return self.latent * PLACES * PLACES


class Block(nn.Module):
    """x + conv(SiLU(conv(SiLU(x)))), which begins as x."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        last = nn.Conv2d(channels, channels, 3, 1, 1)
        nn.init.zeros_(last.weight)
        assert last.bias is not None
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(nn.SiLU(), nn.Conv2d(channels, channels, 3, 1, 1), nn.SiLU(), last)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class IconAutoencoder(nn.Module):
    """See the page's head. Pixels are float32 in [0, 1]."""

    def __init__(self, config: IconConfig = IconConfig()) -> None:
        super().__init__()
        self.config = config
        n, z = config.channels, config.latent
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, n, 3, 1, 1),
            *(Block(n) for _ in range(config.blocks)),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * n, 2 * n, 1),
            *(Block(2 * n) for _ in range(config.blocks)),
            nn.Conv2d(2 * n, z, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(z, 2 * n, 3, 1, 1),
            *(Block(2 * n) for _ in range(config.blocks)),
            nn.Conv2d(2 * n, 4 * n, 1),
            nn.PixelShuffle(2),
            *(Block(n) for _ in range(config.blocks)),
            nn.Conv2d(n, 48, 3, 1, 1),
            nn.PixelShuffle(4),
        )

    def encode(self, pixels: Tensor) -> Tensor:
        """(B, 3, 64, 64) → (B, Z, 8, 8)."""
        latents: Tensor = self.encoder(pixels * 2 - 1)
        return latents

    def decode(self, latents: Tensor) -> Tensor:
        """(B, Z, 8, 8) → (B, 3, 64, 64), which may leave [0, 1] a little."""
        pixels: Tensor = self.decoder(latents)
        return (pixels + 1) / 2

    def forward(self, pixels: Tensor) -> Tensor:
        return self.decode(self.encode(pixels))


def spread_of(latents: Tensor) -> Tensor:
    """The standard deviation of each kind of number over a picture's places: (B, Z, 8, 8) → (B, Z, 1, 1)."""
    return latents.std(dim=(2, 3), keepdim=True)


@torch.no_grad()
def varied(network: IconAutoencoder, pixels: Tensor, strength: float, dice: torch.Generator) -> Tensor:
    """Pictures like these: (B, 3, 64, 64) → the same. ``strength`` in standard deviations of the latents of each picture; 0
    gives the very pixels, since only what the change makes of the network's own picture is added to the original."""
    network.eval()
    latents = network.encode(pixels)
    moved = latents + strength * spread_of(latents) * torch.randn(latents.shape, generator=dice)
    return (pixels + (network.decode(moved) - network.decode(latents))).clamp(0, 1)


@torch.no_grad()
def between(network: IconAutoencoder, one: Tensor, two: Tensor, steps: int) -> Tensor:
    """Each picture on its way to another, straight through the latents: (B, 3, 64, 64) twice → (B · steps, 3, 64, 64)."""
    network.eval()
    share = torch.linspace(0, 1, steps)[None, :, None, None, None]
    way = (1 - share) * network.encode(one)[:, None] + share * network.encode(two)[:, None]
    return network.decode(way.flatten(0, 1)).clamp(0, 1)
