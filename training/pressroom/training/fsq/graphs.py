"""Both stages as one graph (see ``exporting/sampler.py``): codes by the numbers of ``z``, then the picture that they name. The
places are turns of a scan, whose body is in the file once."""

import torch
from torch import Tensor, nn
from torch._higher_order_ops.scan import scan

from pressroom.training.exporting.onnx_file import Graph
from pressroom.training.exporting.sampler import sampler_graph
from pressroom.training.fsq.pictures import CodedPictures


class Sampler(nn.Module):
    """``CodedPictures.written`` as a module."""

    def __init__(self, pictures: CodedPictures) -> None:
        super().__init__()
        self.fsq, self.writer = pictures.fsq, pictures.writer(scan)

    def forward(self, z: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
        # The share of normal numbers below one is as likely to be here as there between 0 and 1.
        dice = 0.5 * (1 + torch.erf(z / 2**0.5))
        return torch.sigmoid(self.fsq.decode(self.writer(dice, label, guidance)))


def decoder_graph(pictures: CodedPictures) -> Graph:
    """Noise to pictures."""
    return sampler_graph(Sampler(pictures), latent=pictures.fsq.config.places, classes=pictures.classes)
