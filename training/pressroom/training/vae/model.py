"""A variational autoencoder, on one page; with classes it is conditional on them.

Kingma and Welling, *Auto-Encoding Variational Bayes* (2013), sections 2.3 and 3 and appendix C:
a Gaussian latent of Z numbers, and pixels as independent Bernoullis of their grey value, or by another of the
likelihoods that ``likelihood`` has.

    pixels, label ── 784+10 → 256 → 512 ──→ mean, log-variance        q(z | x, y), the encoder
    z, label      ──  Z+10 → 512 → 256 ──→ 784 logits                p(x | z, y), the decoder

With channels, convolutions take the place of the hidden layers (``conv``). A label is a one-hot of C places; the null label, number C, is all zeros. The decoder is shown it in
place of one label in ten, and so knows p(x | z, y) and the mean over labels p(x | z) both. Guidance
mixes their logits (after Ho and Salimans, *Classifier-Free Diffusion Guidance*, 2022, section 3.2).
Without classes (C = 0) labels are looked at by nobody, and this is the article's network.

Shapes: B pictures, P = 784 pixels, Z latents, C classes.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from pressroom.training.vae.conv import Decoder, Encoder
from pressroom.training.vae.likelihood import Likelihood, cost

_ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}


@dataclass(frozen=True, slots=True)
class VaeConfig:
    """Sizes of the network; the defaults are the article's."""

    height: int = 28
    width: int = 28
    classes: int = 10
    hidden: tuple[int, int] = (256, 512)
    latent: int = 32
    likelihood: Likelihood = "bernoulli"
    channels: int = 0
    """Of convolutions in place of the hidden layers; 0: there are none. Height and width are multiples of 4 then."""
    activation: Literal["relu", "silu"] = "relu"

    @property
    def pixels(self) -> int:
        return self.height * self.width

    @property
    def null_label(self) -> int:
        return self.classes


class Vae(nn.Module):
    """See the page's head. All pixels are float32 in [0, 1]; labels are int64 in [0, C], C is null."""

    def __init__(self, config: VaeConfig = VaeConfig()) -> None:
        super().__init__()
        self.config = config
        self.encoder, self.decoder = _convolutions(config) if config.channels else _dense(config)
        # A Bernoulli has no width; its place in the weights stays empty.
        scale = torch.tensor(-2.0)
        self.log_scale = nn.Parameter(scale) if config.likelihood != "bernoulli" else None

    def encode(self, pixels: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x, y): (B, H, W), (B,) → two of (B, Z)."""
        x = torch.cat([pixels.flatten(1), self._one_hot(label)], dim=1)  # (B, P + C)
        mean, log_variance = self.encoder(x).chunk(2, dim=1)  # (B, Z) each
        # Outside these bounds exp() is 0 or infinite in float32 for all that a gradient can tell.
        return mean, log_variance.clamp(-10, 10)

    def decode(self, z: Tensor, label: Tensor) -> Tensor:
        """Logits of the pixels: (B, Z), (B,) → (B, H, W)."""
        logits: Tensor = self.decoder(torch.cat([z, self._one_hot(label)], dim=1))  # (B, P)
        return logits.view(-1, self.config.height, self.config.width)

    def cost(self, logits: Tensor, pixels: Tensor) -> Tensor:
        """−log p(x | z, y) in nats, by the model's likelihood: (B, H, W) twice → (B,)."""
        scale = torch.zeros(()) if self.log_scale is None else self.log_scale
        return cost(self.config.likelihood, logits, pixels, scale)

    def guided(self, z: Tensor, label: Tensor, guidance: Tensor) -> Tensor:
        """Grey values of pictures that lean towards their label: (B, Z), (B,), (B,) → (B, H, W).

        ``guidance`` w mixes logits as ``null + w · (label − null)``: 0 ignores the label, 1 is the
        model's own, more exaggerates it. Each row has its own, so one call serves mixed requests.
        """
        asked = self.decode(z, label)  # (B, H, W)
        if not self.config.classes:
            return torch.sigmoid(asked)
        null = self.decode(z, torch.full_like(label, self.config.null_label))  # (B, H, W)
        return torch.sigmoid(null + guidance.view(-1, 1, 1) * (asked - null))

    def _one_hot(self, label: Tensor) -> Tensor:
        # A comparison instead of F.one_hot, which the exporter cannot trace over a free batch size.
        return (label[:, None] == torch.arange(self.config.classes, device=label.device)).float()


def _dense(config: VaeConfig) -> tuple[nn.Module, nn.Module]:
    narrow, wide = config.hidden
    encoder = nn.Sequential(
        nn.Linear(config.pixels + config.classes, narrow),
        _ACTIVATIONS[config.activation](),
        nn.Linear(narrow, wide),
        _ACTIVATIONS[config.activation](),
        nn.Linear(wide, 2 * config.latent),
    )
    decoder = nn.Sequential(
        nn.Linear(config.latent + config.classes, wide),
        _ACTIVATIONS[config.activation](),
        nn.Linear(wide, narrow),
        _ACTIVATIONS[config.activation](),
        nn.Linear(narrow, config.pixels),
    )
    return encoder, decoder


def _convolutions(config: VaeConfig) -> tuple[nn.Module, nn.Module]:
    height, width, channels = config.height, config.width, config.channels
    return (
        Encoder(height, width, config.classes, channels, 2 * config.latent),
        Decoder(height, width, config.latent + config.classes, channels),
    )


def reparameterise(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """z = mean + σ · noise, so that gradients reach mean and σ; all (B, Z)."""
    return mean + (0.5 * log_variance).exp() * noise


def kl_by_latent(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, σ²) ‖ N(0, 1)) of each latent in nats, in closed form (appendix B): (B, Z) → (B, Z)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The same of all latents together: (B, Z) → (B,)."""
    return kl_by_latent(mean, log_variance).sum(1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a loss is made of, in nats a picture: each (B,). −ELBO is the sum of the first two."""

    picture: Tensor
    kl: Tensor
    z: Tensor  # (B, Z), the sample that ``picture`` was measured at
    mean: Tensor  # (B, Z), of q(z | x, y), and
    log_variance: Tensor  # (B, Z)

    @property
    def negative_elbo(self) -> Tensor:
        return self.picture + self.kl


def terms(model: Vae, pixels: Tensor, label: Tensor, *, noise: Tensor | None = None) -> Terms:
    """−ELBO in its two parts, with one sample of z a picture: (B, H, W), (B,) → (B,) each.

    :param noise: (B, Z) of N(0, 1); drawn when None.
    """
    mean, log_variance = model.encode(pixels, label)
    if noise is None:
        noise = torch.randn_like(mean)
    z = reparameterise(mean, log_variance, noise)
    picture = model.cost(model.decode(z, label), pixels)
    return Terms(picture, kl_divergence(mean, log_variance), z, mean, log_variance)


def null_loss(model: Vae, pixels: Tensor, z: Tensor) -> Tensor:
    """What the decoder's null label costs at latents that were found with labels: (B,).

    No gradient reaches the encoder: it would learn to write the label into z, and then a z from the
    prior would say one class and the label another.
    """
    null = torch.full((len(z),), model.config.null_label, device=z.device)
    return model.cost(model.decode(z.detach(), null), pixels)
