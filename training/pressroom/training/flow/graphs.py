"""The flow and the decoder behind it as one graph (see ``exporting/sampler.py``): all steps of the way are in it."""

from torch import Tensor, nn

from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.exporting.sampler import sampler_graph
from pressroom.training.flow.pictures import FlowPictures


class Sampler(nn.Module):
    """``FlowPictures.carried`` as a module."""

    def __init__(self, pictures: FlowPictures) -> None:
        super().__init__()
        self.flow, self.vae = pictures.flow, pictures.vae.vae
        self._pictures = pictures

    def forward(self, z: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
        return self._pictures.carried(z, label, guidance)


def decoder_graph(pictures: FlowPictures) -> Graph:
    """Noise to pictures."""
    return sampler_graph(
        Sampler(pictures), latent=pictures.flow.config.latent, classes=pictures.flow.config.classes
    )
