"""A flow from noise to latents, on one page.

    x₀ ~ N(0, 1) at t = 0  ──  x_t = (1 - t) x₀ + t x₁  ──>  x₁, a latent, at t = 1

Lipman et al. 2023, "Flow Matching for Generative Modeling", section 4.1, with straight ways (Liu et al. 2023): the network
learns where a point at time t will end, and the velocity there is (x₁ - x_t) / (1 - t). Losses are those of the velocity.
Layers are shown time and class by a gain and a shift, and begin as if they were not there (Peebles and Xie 2023, section
3.2). Latents are told in standard deviations of all of them.

Shapes: B pictures, Z latents, D numbers within.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SOONEST = 0.1
"""1 - t is not taken to be less where it divides: the last bit of the way would count for everything."""

_WAVES = 32


@dataclass(frozen=True, slots=True)
class FlowConfig:
    """Sizes of the network. Class number ``classes`` is none."""

    latent: int
    classes: int
    width: int = 256
    layers: int = 4
    steps: int = 16


class Layer(nn.Module):
    """x + gate(feed(norm(x) · (1 + gain) + shift))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.shown = nn.Linear(width, 2 * width)
        self.feed = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        for last in (self.shown, self.feed[2]):
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, shown: Tensor) -> Tensor:
        gain, shift = self.shown(shown).chunk(2, dim=1)  # (B, D) each
        fed: Tensor = self.feed(self.norm(x) * (1 + gain) + shift)
        return x + fed


class Flow(nn.Module):
    """See the page's head."""

    mean: Tensor
    deviation: Tensor
    waves: Tensor

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.latent))
        self.register_buffer("deviation", torch.ones(config.latent))
        self.register_buffer("waves", torch.exp(torch.linspace(0, math.log(1000), _WAVES)), persistent=False)
        self.time = nn.Sequential(nn.Linear(2 * _WAVES, config.width), nn.SiLU())
        self.label = nn.Embedding(config.classes + 1, config.width)
        self.take = nn.Linear(config.latent, config.width)
        self.layers = nn.ModuleList(Layer(config.width) for _ in range(config.layers))
        self.give = nn.Linear(config.width, config.latent)

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        """Where it will end: (B, Z) at times (B,) in [0, 1], classes (B,) → (B, Z)."""
        angles = t[:, None] * self.waves * 2
        shown = self.time(torch.cat([angles.sin(), angles.cos()], dim=1)) + self.label(label)  # (B, D)
        hidden = self.take(x)
        for layer in self.layers:
            hidden = layer(hidden, shown)
        ended: Tensor = self.give(hidden)
        return ended

    def carried(self, noise: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
        """Latents: (B, Z) of N(0, 1), (B,), (B,) → (B, Z). Heun's second-order steps (Karras et al. 2022, algorithm 1,
        without noise), ``guidance`` w mixes as none + w (asked − none)."""
        x, steps = noise, self.config.steps
        for step in range(steps):
            now, then = step / steps, (step + 1) / steps
            first = self._velocity(x, now, label, guidance)
            x_then = x + (then - now) * first
            if then < 1:
                x_then = x + (then - now) * (first + self._velocity(x_then, then, label, guidance)) / 2
            x = x_then
        return x * self.deviation + self.mean

    def _velocity(self, x: Tensor, t: float, label: Tensor, guidance: Tensor) -> Tensor:
        both = torch.cat([label, torch.full_like(label, self.config.classes)])  # (2 B,)
        asked, free = self(torch.cat([x, x]), torch.full(both.shape, t), both).unflatten(0, (2, -1))
        ended = free + guidance[:, None] * (asked - free)
        return (ended - x) / (1 - t)
