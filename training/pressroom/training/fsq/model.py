"""An autoencoder whose latents are few whole numbers, on one page.

    pixels (B, H, W) ─ /2 ─> ─ /2 ─> (B, D, H/4, W/4) ─ quantise ─> codes ─ x2 ─> ─ x2 ─> logits (B, H, W)

Finite scalar quantisation (Mentzer et al. 2023, section 3): each of the D numbers of a place is pressed between two bounds
and rounded to one of L levels, so that a place has one of L₁ · L₂ · … codes, all of which are used without any loss that
asks for it. Gradients pass the rounding as if it were not there.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class FsqConfig:
    """``levels``: L of each of the D numbers of a place. Height and width are multiples of 4."""

    height: int = 28
    width: int = 28
    levels: tuple[int, ...] = (8, 6, 5)
    channels: int = 48

    @property
    def codes(self) -> int:
        return math.prod(self.levels)

    @property
    def places(self) -> int:
        return (self.height // 4) * (self.width // 4)


class Quantiser(nn.Module):
    """Between numbers (…, D), their levels in [-1, 1], and codes (…) from 0 on."""

    count: Tensor
    middle: Tensor
    base: Tensor

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        count = torch.tensor(levels)
        self.register_buffer("count", count, persistent=False)
        self.register_buffer("middle", count // 2, persistent=False)
        self.register_buffer(
            "base", torch.tensor([math.prod(levels[:n]) for n in range(len(levels))]), persistent=False
        )

    def forward(self, z: Tensor) -> Tensor:
        """The nearest levels, with the gradients of what was rounded."""
        bounded = self._bounded(z)
        return (bounded + (bounded.round() - bounded).detach()) / self.middle

    def codes(self, levels: Tensor) -> Tensor:
        whole = (levels * self.middle).round().long() + self.middle
        return (whole * self.base).sum(-1)

    def levels(self, codes: Tensor) -> Tensor:
        whole = codes[..., None] // self.base % self.count
        return (whole - self.middle) / self.middle

    def _bounded(self, z: Tensor) -> Tensor:
        """An odd number of levels lies around 0, an even one around -1/2; a little is left to the bounds, so that the
        outermost levels can be reached."""
        reach = (self.count - 1) / 2 * (1 - 1e-3)
        off = torch.where(self.count % 2 == 0, 0.5, 0.0)
        return torch.tanh(z + torch.atanh(off / reach)) * reach - off


class Fsq(nn.Module):
    """See the page's head. Pixels are float32 in [0, 1]."""

    def __init__(self, config: FsqConfig = FsqConfig()) -> None:
        super().__init__()
        self.config = config
        n, depth = config.channels, len(config.levels)
        self.encoder = nn.Sequential(
            nn.Conv2d(1, n, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(n, 2 * n, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(2 * n, 2 * n, 3, 1, 1),
            nn.SiLU(),
            nn.Conv2d(2 * n, depth, 1),
        )
        self.quantiser = Quantiser(config.levels)
        self.decoder = nn.Sequential(
            nn.Conv2d(depth, 2 * n, 3, 1, 1),
            nn.SiLU(),
            nn.ConvTranspose2d(2 * n, 2 * n, 4, 2, 1),
            nn.SiLU(),
            nn.ConvTranspose2d(2 * n, n, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(n, 1, 3, 1, 1),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits of the pixels' Bernoullis: (B, H, W) → (B, H, W)."""
        return self._decoded(self.quantiser(self._encoded(pixels)))

    def encode(self, pixels: Tensor) -> Tensor:
        """Codes, line by line: (B, H, W) → (B, P) int64."""
        return self.quantiser.codes(self.quantiser(self._encoded(pixels))).flatten(1)

    def decode(self, codes: Tensor) -> Tensor:
        """Logits: (B, P) → (B, H, W)."""
        height = self.config.height // 4
        return self._decoded(self.quantiser.levels(codes).unflatten(1, (height, -1)))

    def _encoded(self, pixels: Tensor) -> Tensor:
        z: Tensor = self.encoder(pixels[:, None])  # (B, D, H/4, W/4)
        return z.movedim(1, -1)

    def _decoded(self, levels: Tensor) -> Tensor:
        logits: Tensor = self.decoder(levels.movedim(-1, 1))
        return logits.squeeze(1)
