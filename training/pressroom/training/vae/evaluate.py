"""What a trained VAE is worth: −ELBO on the whole test set, label accuracy of samples, a grid to look at.

Samples come from the prior as it stands, z ~ N(0, I): no truncation, no lowered temperature.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pressroom.training.data.idx import Split
from pressroom.training.vae.classifier import Classifier, predict
from pressroom.training.vae.model import Vae, terms
from pressroom.training.vae.train import as_tensors

GUIDED = 1.5  # the guidance that the published model has by default
ALIVE_KL = 0.01  # nats: a latent below carries nothing (the usual bound of the literature on collapse)


@dataclass(frozen=True, slots=True)
class Metrics:
    """In nats a picture, on deterministic grey pixels under Bernoulli cross-entropy; shares in [0, 1]."""

    negative_elbo: float
    reconstruction: float
    kl: float
    latents_alive: int
    label_accuracy: float  # without guidance (1.0)
    label_accuracy_guided: float  # with GUIDED
    label_accuracy_samples: int
    classifier_accuracy: float

    def as_dict(self) -> dict[str, float]:
        """Rounded, under the names of the manifest."""
        return {
            "test_negative_elbo_nats": round(self.negative_elbo, 2),
            "test_reconstruction_nats": round(self.reconstruction, 2),
            "test_kl_nats": round(self.kl, 2),
            "latents_alive": self.latents_alive,
            "label_accuracy": round(self.label_accuracy, 4),
            f"label_accuracy_guidance_{GUIDED:g}": round(self.label_accuracy_guided, 4),
            "label_accuracy_samples": self.label_accuracy_samples,
            "classifier_test_accuracy": round(self.classifier_accuracy, 4),
        }


@torch.no_grad()
def evaluate(model: Vae, judge: Classifier, test: Split, *, samples: int = 5000, seed: int = 0) -> Metrics:
    """Measure on the whole test set, and on ``samples`` pictures spread evenly over the labels."""
    pixels, labels = as_tensors(test)
    generator = torch.Generator().manual_seed(seed)
    picture_sum, kl_sum = 0.0, 0.0
    kl_by_latent = torch.zeros(model.config.latent)
    for x, y in zip(pixels.split(1000), labels.split(1000), strict=True):
        noise = torch.randn(len(x), model.config.latent, generator=generator)
        found = terms(model, x, y, noise=noise)
        mean, log_variance = model.encode(x, y)
        kl_by_latent += 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(0)
        picture_sum, kl_sum = picture_sum + float(found.picture.sum()), kl_sum + float(found.kl.sum())
    asked = torch.arange(samples) % model.config.classes

    def accuracy(guidance: float) -> float:
        found = predict(judge, sample(model, asked, guidance=guidance, seed=seed))
        return float((found == asked).float().mean())

    return Metrics(
        negative_elbo=(picture_sum + kl_sum) / len(pixels),
        reconstruction=picture_sum / len(pixels),
        kl=kl_sum / len(pixels),
        latents_alive=int((kl_by_latent / len(pixels) > ALIVE_KL).sum()),
        label_accuracy=accuracy(1.0),
        label_accuracy_guided=accuracy(GUIDED),
        label_accuracy_samples=samples,
        classifier_accuracy=float((predict(judge, pixels) == labels).float().mean()),
    )


@torch.no_grad()
def sample(model: Vae, labels: Tensor, *, guidance: float = 1.0, seed: int = 0) -> Tensor:
    """One picture for each label: (N,) int64 → (N, H, W) float32 in [0, 1]."""
    z = torch.randn(len(labels), model.config.latent, generator=torch.Generator().manual_seed(seed))
    return model.guided(z, labels, torch.full((len(labels),), guidance))


def grid(pixels: NDArray[np.uint8], columns: int, *, scale: int = 2, gap: int = 2) -> Image.Image:
    """Lay pictures (N, H, W) out in rows, on dark grey, magnified ``scale`` times."""
    count, height, width = pixels.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap), 40, np.uint8)
    for at, picture in enumerate(pixels):
        top, left = gap + at // columns * (height + gap), gap + at % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    image = Image.fromarray(sheet)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.LANCZOS)
