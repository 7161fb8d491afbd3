"""The two halves of the icons' autoencoder as they are exported.

    decoder.onnx   z (B, Z) → pixels (B, 64, 64, 3) in [0, 1]
    encoder.onnx   pixels (B, 64, 64, 3) in [0, 1] → mean (B, Z), spread (B, Z)

The spread is that of each kind of number over a picture's places: how far is far, in this picture.
"""

import torch
from torch import Tensor, nn

from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.icons.model import SIDE, IconAutoencoder, spread_of

_AT_ONCE = 64
_MEANINGS = {
    "z": "latents, as the encoder finds them",
    "pixels": "red, green and blue, from 0 to 1",
    "mean": "the picture's latents",
    "spread": "their standard deviation over the picture's places",
}


class Decoder(nn.Module):
    """Flat latents to pictures, colours last."""

    def __init__(self, network: IconAutoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        return self.network.decode(z.view(-1, *self.network.config.shape)).clamp(0, 1).permute(0, 2, 3, 1)


class Encoder(nn.Module):
    """Pictures, colours last, to flat latents and their spread."""

    def __init__(self, network: IconAutoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        latents = self.network.encode(pixels.permute(0, 3, 1, 2))
        return latents.flatten(1), spread_of(latents).expand_as(latents).flatten(1)


def decoder_graph(network: IconAutoencoder) -> Graph:
    """The half that makes pictures."""
    network.requires_grad_(False)

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (torch.randn(rows, network.config.numbers, generator=generator),)

    return Graph("decoder", Decoder(network), ("z",), ("pixels",), example, _MEANINGS)


def encoder_graph(network: IconAutoencoder) -> Graph:
    """The half that finds the latents of a picture."""
    network.requires_grad_(False)

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (torch.rand(rows, SIDE, SIDE, 3, generator=generator),)

    return Graph("encoder", Encoder(network), ("pixels",), ("mean", "spread"), example, _MEANINGS)


@torch.no_grad()
def latents_of(network: IconAutoencoder, pictures: Tensor) -> Tensor:
    """(N, 64, 64, 3) → (N, Z)."""
    network.eval()
    parts = [network.encode(part.permute(0, 3, 1, 2)).flatten(1) for part in pictures.split(_AT_ONCE)]
    return torch.cat(parts)
