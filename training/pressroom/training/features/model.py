"""A small convolutional classifier, on one page, whose last layer but one is what a picture is like.

    pixels (B, 28, 28) ─ /2 ─> (B, 32, 14, 14) ─ /2 ─> (B, 64, 7, 7) ─ /2 ─> (B, 128, 3, 3) ─> features (B, 64) ─> logits

Heusel et al. 2017 compare pictures in the features of a classifier of photographs; for small grey pictures a small one that
was trained on small grey pictures says more.
"""

import torch
from torch import Tensor, nn

from pressroom.training.exporting.onnx_file import Graph

FEATURES = 64


class Classifier(nn.Module):
    """Pixels (B, 28, 28) float32 in [0, 1] → features (B, 64) and logits (B, classes)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_block(1, 32, stride=2),  # (B, 32, 14, 14)
            *_block(32, 64),
            nn.MaxPool2d(2),  # (B, 64, 7, 7)
            *_block(64, 128),
            nn.MaxPool2d(2),  # (B, 128, 3, 3)
            nn.Flatten(),  # (B, 1152)
            nn.Linear(1152, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        features: Tensor = self.features(pixels[:, None])
        return features, self.head(features)


def _block(channels_in: int, channels_out: int, stride: int = 1) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(channels_in, channels_out, 3, stride, 1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


def graph_of(classifier: Classifier) -> Graph:
    """As it is exported: pixels → features, logits."""

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (torch.rand(rows, 28, 28, generator=generator),)

    return Graph("feature_net", classifier, ("pixels",), ("features", "logits"), example)
