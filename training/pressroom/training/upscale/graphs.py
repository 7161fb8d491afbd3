"""The network that makes pictures larger as it is exported.

upscaler.onnx   pixels (B, H, W, 3) in [0, 1] → larger (B, r H, r W, 3) in [0, 1]
"""

import torch
from torch import Tensor, nn

from pressroom.engines.image.upscaling import RIM
from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.upscale.model import Upscale

SIDE = 64 + 2 * RIM
"""Pixels of a tile, its rim included, which is wider than the network sees: nine pixels and a bit."""

_MEANINGS = {
    "pixels": "red, green and blue of a tile with its surroundings, from 0 to 1",
    "larger": "the same tile with more pixels, from 0 to 1",
}


class Upscaler(nn.Module):
    """``Upscale`` with colours last, as pictures have them."""

    def __init__(self, network: Upscale) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        larger: Tensor = self.network(pixels.permute(0, 3, 1, 2))
        return larger.permute(0, 2, 3, 1)


def upscaler_graph(network: Upscale) -> Graph:
    """Of one tile size."""
    network.requires_grad_(False)

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (torch.rand(rows, SIDE, SIDE, 3, generator=generator),)

    return Graph("upscaler", Upscaler(network), ("pixels",), ("larger",), example, _MEANINGS, golden_rows=1)
