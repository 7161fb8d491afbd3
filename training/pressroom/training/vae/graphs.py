"""The two halves of the VAE as they are exported: what goes in, what comes out, under which names.

    decoder.onnx   see ``exporting/sampler.py``
    encoder.onnx   pixels (B, H, W) in [0, 1], label (B,) int64 → mean (B, Z), log_variance (B, Z)

``label`` may be the null label C.
"""

import torch
from torch import Tensor, nn

from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.exporting.sampler import MEANINGS, sampler_graph
from pressroom.training.vae.model import Vae

_OF_ENCODER = {
    **MEANINGS,
    "mean": "of each latent's Gaussian",
    "log_variance": "of each latent's Gaussian, natural logarithm",
}


class Decoder(nn.Module):
    """``Vae.guided`` as a module."""

    def __init__(self, vae: Vae) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, z: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
        return self.vae.guided(z, label, guidance)


class Encoder(nn.Module):
    """``Vae.encode`` as a module."""

    def __init__(self, vae: Vae) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, pixels: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        return self.vae.encode(pixels, label)


def decoder_graph(vae: Vae) -> Graph:
    """The half that makes pictures."""
    return sampler_graph(Decoder(vae), latent=vae.config.latent, classes=vae.config.classes)


def encoder_graph(vae: Vae) -> Graph:
    """The half that finds the latent of a picture."""

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (
            torch.rand(rows, vae.config.height, vae.config.width, generator=generator),
            torch.randint(0, vae.config.classes + 1, (rows,), generator=generator),
        )

    return Graph("encoder", Encoder(vae), ("pixels", "label"), ("mean", "log_variance"), example, _OF_ENCODER)
