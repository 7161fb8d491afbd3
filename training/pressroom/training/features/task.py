"""The classifier as a task of the loop: cross-entropy, and the share of held-out pictures whose class it misses."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from pressroom.training.features.model import Classifier
from pressroom.training.loop.task import Now, OneLoss

_AT_ONCE = 1_000
_SMOOTHED = 0.1
"""Of a label's certainty: features of one class lie closer together so (Szegedy et al. 2016, section 7)."""


class ClassifierTask(OneLoss):
    """``pixels`` (N, 28, 28), ``labels`` (N,); ``mirrors`` (classes,) says whose pictures mean the same mirrored."""

    most_gradient = 5.0

    def __init__(
        self, network: Classifier, pixels: Tensor, labels: Tensor, mirrors: Tensor, *, held_out: int
    ) -> None:
        super().__init__(network, torch.optim.AdamW(network.parameters(), weight_decay=0.02))
        self.classifier = network
        self._pixels, self._labels, self._mirrors = pixels, labels, mirrors
        self._fit = len(pixels) - held_out

    @property
    def rows(self) -> int:
        return self._fit

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        pixels, labels = self._pixels[rows], self._labels[rows]
        mirrored = self._mirrors[labels] & (torch.rand(len(rows)) < 0.5)
        pixels = torch.where(mirrored[:, None, None], pixels.flip(2), pixels)
        _, logits = self.classifier(pixels)
        return {"loss": F.cross_entropy(logits, labels, label_smoothing=_SMOOTHED)}

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        missed = self.missed(self._pixels[self._fit :], self._labels[self._fit :])
        return {"score": missed, "missed": missed}

    @torch.no_grad()
    def missed(self, pixels: Tensor, labels: Tensor) -> float:
        """Share of pictures whose class is not the likeliest."""
        self.classifier.eval()
        found = torch.cat([self.classifier(part)[1].argmax(1) for part in pixels.split(_AT_ONCE)])
        return float((found != labels).float().mean())
