"""Both stages as one graph (see ``exporting/sampler.py``): a code after the other, each by one number of ``z``, then the
picture that they name."""

import torch
from torch import Tensor, nn

from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.exporting.sampler import sampler_graph
from pressroom.training.fsq.pictures import CodedPictures


class Sampler(nn.Module):
    """``CodedPictures.written`` as a module."""

    def __init__(self, pictures: CodedPictures) -> None:
        super().__init__()
        self.fsq, self.gpt = pictures.fsq, pictures.gpt
        self._pictures = pictures

    def forward(self, z: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
        # A normal number's share of those below it is as likely to be here as there between 0 and 1.
        dice = 0.5 * (1 + torch.erf(z / 2**0.5))
        return self._pictures.written(dice, label, guidance)


def decoder_graph(pictures: CodedPictures) -> Graph:
    """Noise to pictures."""
    return sampler_graph(Sampler(pictures), latent=pictures.fsq.config.places, classes=pictures.classes)
