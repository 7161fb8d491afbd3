"""What a trained VAE is worth: −ELBO on the whole test set.

Samples come from the prior as it stands, z ~ N(0, I): no truncation, no lowered temperature.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pressroom.training.data.idx import Split
from pressroom.training.tensors import as_tensors
from pressroom.training.vae.likelihood import bits_per_dim
from pressroom.training.vae.model import Vae, kl_by_latent, reparameterise, terms

ALIVE_KL = 0.01  # nats: a latent below carries nothing (the usual bound of the literature on collapse)


@dataclass(frozen=True, slots=True)
class Bounds:
    """In nats a picture, on deterministic grey pixels under the model's likelihood. −ELBO has one latent sample a picture
    and is its two parts; the importance-weighted bound has ``importance_samples`` and is tighter. ``bits_per_dim`` is the
    latter's, where the likelihood is a probability. Neither is there where no samples were asked for."""

    negative_elbo: float
    reconstruction: float
    kl: float
    kl_by_latent: tuple[float, ...]
    importance_bound: float | None
    importance_samples: int
    bits_per_dim: float | None

    @property
    def latents_alive(self) -> int:
        return sum(nats > ALIVE_KL for nats in self.kl_by_latent)

    def as_dict(self) -> dict[str, float]:
        """Rounded, under the names of the manifest."""
        return {
            "test_negative_elbo_nats": round(self.negative_elbo, 2),
            "test_reconstruction_nats": round(self.reconstruction, 2),
            "test_kl_nats": round(self.kl, 2),
            "latents_alive": self.latents_alive,
            **(
                {}
                if self.importance_bound is None
                else {
                    f"test_importance_bound_{self.importance_samples}_nats": round(self.importance_bound, 2)
                }
            ),
            **({} if self.bits_per_dim is None else {"test_bits_per_dim": round(self.bits_per_dim, 4)}),
        }


@torch.no_grad()
def bounds(model: Vae, test: Split, *, samples: int = 0, seed: int = 0) -> Bounds:
    """Measured on the whole test set; the tighter bound costs ``samples`` times as much again, and 0 leaves it away."""
    pixels, labels = as_tensors(test)
    dice = torch.Generator().manual_seed(seed)
    parts = list(zip(pixels.split(1000), labels.split(1000), strict=True))
    picture, kl, bound = 0.0, torch.zeros(model.config.latent), None
    for x, y in parts:
        found = terms(model, x, y, noise=torch.randn(len(x), model.config.latent, generator=dice))
        picture += float(found.picture.sum())
        kl += kl_by_latent(found.mean, found.log_variance).sum(0)
    picture, kl = picture / len(pixels), kl / len(pixels)
    if samples:
        bound = sum(float(importance_bound(model, x, y, samples, dice).sum()) for x, y in parts) / len(pixels)
    whole = float(kl.sum())
    valid = model.config.likelihood == "logistic"
    return Bounds(
        negative_elbo=picture + whole,
        reconstruction=picture,
        kl=whole,
        kl_by_latent=tuple(kl.tolist()),
        importance_bound=bound,
        importance_samples=samples,
        bits_per_dim=None if bound is None or not valid else bits_per_dim(bound, model.config.pixels),
    )


@torch.no_grad()
def importance_bound(
    model: Vae, pixels: Tensor, label: Tensor, samples: int, dice: torch.Generator
) -> Tensor:
    """−log of the mean of p(x, z) / q(z | x) over ``samples`` z of q, in nats: (B, H, W), (B,) → (B,). Burda et al. 2016,
    "Importance Weighted Autoencoders", equation 8; with one sample it is −ELBO."""
    mean, log_variance = model.encode(pixels, label)  # (B, Z) each
    weights = []
    for _ in range(samples):
        noise = torch.randn(mean.shape, generator=dice)  # (B, Z)
        z = reparameterise(mean, log_variance, noise)
        # The constants of both Gaussians are the same.
        log_prior, log_q = -0.5 * z.square().sum(1), -0.5 * (noise.square() + log_variance).sum(1)
        weights.append(log_prior - log_q - model.cost(model.decode(z, label), pixels))
    return math.log(samples) - torch.stack(weights).logsumexp(0)  # (K, B) → (B,)


@torch.no_grad()
def sample(model: Vae, labels: Tensor, *, guidance: float = 1.0, seed: int = 0) -> Tensor:
    """One picture for each label: (N,) int64 → (N, H, W) float32 in [0, 1]. Without classes the labels only count."""
    z = torch.randn(len(labels), model.config.latent, generator=torch.Generator().manual_seed(seed))
    return model.guided(z, labels, torch.full((len(labels),), guidance))
