"""An independent judge: a small convolutional classifier that never sees the VAE or its samples.

It answers one question: is a generated picture of the class it was asked for? About 80 thousand
parameters, above 91 % on the test set; trained on the same training pictures, with mirrored copies.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pressroom.training.data.idx import Split
from pressroom.training.vae.tensors import as_tensors


class Classifier(nn.Module):
    """Pixels (B, 28, 28) float32 in [0, 1] → logits (B, 10)."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_block(1, 24, stride=2),  # (B, 24, 14, 14)
            *_block(24, 48),
            nn.MaxPool2d(2),  # (B, 48, 7, 7)
            *_block(48, 64),
            nn.MaxPool2d(2),  # (B, 64, 3, 3)
            nn.Flatten(),  # (B, 576)
            nn.Linear(576, 64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, classes)

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(pixels[:, None]))
        return logits


def _block(channels_in: int, channels_out: int, stride: int = 1) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(channels_in, channels_out, 3, stride, 1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


def train_classifier(
    data: Split,
    *,
    epochs: int = 8,
    batch: int = 256,
    seed: int = 1,
    report: Callable[[int, float], None] = lambda epoch, loss: None,
) -> Classifier:
    """Fit a classifier with a one-cycle learning rate; ``report`` gets epoch and mean loss."""
    torch.manual_seed(seed)
    model = Classifier()
    pixels, labels = as_tensors(data)
    steps = len(pixels) // batch
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=epochs * steps)
    for epoch in range(1, epochs + 1):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(pixels)).split(batch)[:steps]:
            mirrored = torch.rand(len(rows), 1, 1) < 0.5
            picture = torch.where(mirrored, pixels[rows].flip(2), pixels[rows])
            loss = F.cross_entropy(model(picture), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        report(epoch, total / steps)
    return model.eval()


@torch.no_grad()
def predict(model: Classifier, pixels: Tensor) -> Tensor:
    """The likeliest class of each picture: (N, 28, 28) → (N,) int64."""
    return torch.cat([model(part).argmax(1) for part in pixels.split(1000)])
