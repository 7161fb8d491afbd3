"""The two halves of the icons' autoencoder as they are exported.

decoder.onnx   z (B, Z) → pixels (B, 64, 64, 3) in [0, 1]
encoder.onnx   pixels (B, 64, 64, 3) in [0, 1] → mean (B, Z)
"""

import torch
from torch import Tensor, nn

from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.icons.model import SIDE, IconAutoencoder

_AT_ONCE = 64
_TOLERANCE = 1e-4
"""Its sums are of 1,728 terms, and thirty layers follow; a fortieth of a grey level."""
_MEANINGS = {
    "z": "latents, as the encoder finds them",
    "pixels": "red, green and blue, from 0 to 1",
    "mean": "the picture's latents, of variance 1 over the pictures it was trained on",
}


class Decoder(nn.Module):
    """Latents to pictures, colours last."""

    def __init__(self, network: IconAutoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        return self.network.decode(z).clamp(0, 1).permute(0, 2, 3, 1)


class Encoder(nn.Module):
    """Pictures, colours last, to latents."""

    def __init__(self, network: IconAutoencoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        return self.network.encode(pixels.permute(0, 3, 1, 2))


def decoder_graph(network: IconAutoencoder) -> Graph:
    """The half that makes pictures."""
    network.requires_grad_(False)

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (torch.randn(rows, network.config.latent, generator=generator),)

    return Graph("decoder", Decoder(network), ("z",), ("pixels",), example, _MEANINGS, tolerance=_TOLERANCE)


def encoder_graph(network: IconAutoencoder) -> Graph:
    """The half that finds the latents of a picture."""
    network.requires_grad_(False)

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (torch.rand(rows, SIDE, SIDE, 3, generator=generator),)

    return Graph(
        "encoder", Encoder(network), ("pixels",), ("mean",), example, _MEANINGS, tolerance=_TOLERANCE
    )


@torch.no_grad()
def latents_of(network: IconAutoencoder, pictures: Tensor) -> Tensor:
    """(N, 64, 64, 3) → (N, Z)."""
    network.eval()
    parts = [network.encode(part.permute(0, 3, 1, 2)) for part in pictures.split(_AT_ONCE)]
    return torch.cat(parts)
