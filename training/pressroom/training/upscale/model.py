"""A small residual dense network that makes pictures larger, on one page.

    pixels (B, 3, H, W) ─> shallow features F₋₁, F₀ (B, 64, H, W) ─> two dense blocks ─> fused, + F₋₁
           ─> 5x5, 3x3 ─> (B, 3 r², H, W) ─ each pixel r by r times ─> 3x3 ─> (B, 3, r H, r W)

Zhang et al. 2018, "Residual Dense Network for Image Super-Resolution", section 3, in the sizes of ESRGAN-slim: blocks of one
layer of 4 filters, and nearest neighbours where the paper shuffles.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

_BLOCKS = 2

Weights = dict[str, NDArray[np.float32]]


class Upscale(nn.Module):
    """See the page's head. Pixels are float32 in [0, 1]; ``times`` r."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.shallow = nn.Conv2d(3, 64, 3, padding=1)
        self.first = nn.Conv2d(64, 64, 3, padding=1)
        self.grow = nn.ModuleList(nn.Conv2d(64, 4, 3, padding=1) for _ in range(_BLOCKS))
        self.fuse = nn.ModuleList(nn.Conv2d(68, 64, 1) for _ in range(_BLOCKS))
        self.gather = nn.Conv2d(64 * _BLOCKS, 64, 1)
        self.smooth = nn.Conv2d(64, 64, 3, padding=1)
        self.wide = nn.Conv2d(64, 64, 5, padding=2)
        self.narrow = nn.Conv2d(64, 32, 3, padding=1)
        self.spread = nn.Conv2d(32, 3 * times**2, 3, padding=1)
        self.last = nn.Conv2d(3 * times**2, 3, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 3, r H, r W) in [0, 1]."""
        shallow = self.shallow(pixels * 255)  # it learnt grey levels from 0 to 255
        x = self.first(shallow)  # (B, 64, H, W)
        seen = []
        for grow, fuse in zip(self.grow, self.fuse, strict=True):
            x = x + fuse(torch.cat([x, F.relu(grow(x))], dim=1))
            seen.append(x)
        x = shallow + self.smooth(self.gather(torch.cat(seen, dim=1)))
        x = self.spread(F.relu(self.narrow(F.relu(self.wide(x)))))  # (B, 3 r², H, W)
        x = self.last(F.interpolate(x, scale_factor=float(self.times), mode="nearest"))
        return (x / 255).clamp(0, 1)

    @classmethod
    def of(cls, weights: Weights, times: int) -> "Upscale":
        """From weights by TensorFlow's names, whose kernels are (height, width, in, out). Raises KeyError and RuntimeError
        for other networks' weights."""
        network = cls(times)
        names = {
            "shallow": "F_m1",
            "first": "F_0",
            **{f"grow.{n}": f"F_{n + 1}_1" for n in range(_BLOCKS)},
            **{f"fuse.{n}": f"LFF_{n + 1}" for n in range(_BLOCKS)},
            "gather": "GFF_1",
            "smooth": "GFF_2",
            "wide": "UPN1",
            "narrow": "UPN2",
            "spread": "UPN3",
            "last": "SR",
        }
        found = {}
        for ours, theirs in names.items():
            found[f"{ours}.weight"] = torch.from_numpy(
                weights[f"{theirs}/kernel"].transpose(3, 2, 0, 1).copy()
            )
            found[f"{ours}.bias"] = torch.from_numpy(weights[f"{theirs}/bias"].copy())
        network.load_state_dict(found)
        return network.eval()
