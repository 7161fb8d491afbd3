"""The two halves of the VAE as they are exported: what goes in, what comes out, under which names.

    decoder.onnx   z (B, Z) float32, label (B,) int64, guidance (B,) float32 → pixels (B, H, W) in [0, 1]
    encoder.onnx   pixels (B, H, W) in [0, 1], label (B,) int64 → mean (B, Z), log_variance (B, Z)

``label`` may be the null label C. Every row has its own label and guidance, so that one run serves
a micro-batch of different requests.
"""

import torch
from torch import Tensor, nn

from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.vae.model import Vae

MEANINGS = {
    "z": "latents, of N(0, 1)",
    "label": "number of the class, from 0; one more than the last is none",
    "guidance": "how much the picture leans towards its class: 0 not at all, 1 as learnt",
    "pixels": "grey values from 0, black, to 1, white",
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

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (
            torch.randn(rows, vae.config.latent, generator=generator),
            torch.randint(0, vae.config.classes + 1, (rows,), generator=generator),
            torch.rand(rows, generator=generator) * 4,
        )

    return Graph("decoder", Decoder(vae), ("z", "label", "guidance"), ("pixels",), example, MEANINGS)


def encoder_graph(vae: Vae) -> Graph:
    """The half that finds the latent of a picture."""

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (
            torch.rand(rows, vae.config.height, vae.config.width, generator=generator),
            torch.randint(0, vae.config.classes + 1, (rows,), generator=generator),
        )

    return Graph("encoder", Encoder(vae), ("pixels", "label"), ("mean", "log_variance"), example, MEANINGS)
