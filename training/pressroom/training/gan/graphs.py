"""The generator as it is exported (see ``exporting/sampler.py``)."""

from torch import Tensor, nn

from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.exporting.sampler import sampler_graph
from pressroom.training.gan.model import Generator


class Sampler(nn.Module):
    """The generator, which has no class to look at and nothing that guides it."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
        # Times nothing: an input that no node reads is not in the file, and workers give all three.
        pixels: Tensor = self.generator(z) + 0.0 * (label + guidance).view(-1, 1, 1)
        return pixels


def decoder_graph(generator: Generator) -> Graph:
    """Noise to pictures."""
    return sampler_graph(Sampler(generator), latent=generator.config.latent, classes=0)
