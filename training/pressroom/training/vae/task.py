"""The variational autoencoder as a task of the loop: its losses, and its −ELBO on what was held out."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pressroom.training.data.idx import Split
from pressroom.training.loop.muon import Muon
from pressroom.training.loop.task import Now, OneLoss
from pressroom.training.recipe import VaeRecipe
from pressroom.training.tensors import as_tensors
from pressroom.training.vae.model import Vae, VaeConfig, kl_by_latent, null_loss, terms

HELD_OUT = 5_000
"""The last pictures of the training set are never trained on: they choose the epoch that is kept."""

_AT_ONCE = 1_000
_OF_BIASES = 1 / 30
"""Share of Muon's rate that Adam takes biases with."""


class VaeTask(OneLoss):
    """See ``vae.model`` for the network; ``classes`` are those of the data's labels."""

    def __init__(self, recipe: VaeRecipe, data: Split, classes: int, *, held_out: int = HELD_OUT) -> None:
        torch.manual_seed(recipe.plan.seed)
        _, height, width = data.images.shape
        self.vae = Vae(config_of(recipe, height, width, classes))
        super().__init__(self.vae, _optimiser(recipe, self.vae))
        self.recipe = recipe
        self._pixels, self._labels = as_tensors(data)
        self._fit = len(self._pixels) - held_out

    @property
    def rows(self) -> int:
        return self._fit

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        recipe, pixels, labels = self.recipe, self._pixels[rows], self._labels[rows]
        found = terms(self.vae, pixels, labels)
        rise = min(1.0, (now.step + 1) / recipe.kl_warm_up_steps) if recipe.kl_warm_up_steps else 1.0
        # Kingma et al. 2016, "Improved Variational Inference with Inverse Autoregressive Flow", appendix C.8: below
        # so many nats, as a mean over the batch, a latent's KL is not pressed down any more.
        by_latent = kl_by_latent(found.mean, found.log_variance).mean(0)  # (Z,)
        kl = by_latent.clamp(min=recipe.free_nats).sum()
        loss = found.picture.mean() + recipe.beta * rise * kl
        if self.vae.config.classes:
            dropped = torch.rand(len(rows)) < recipe.label_dropout
            loss = loss + null_loss(self.vae, pixels[dropped], found.z[dropped]).sum() / len(rows)
        return {"loss": loss, "picture": found.picture.mean(), "kl": by_latent.sum()}

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        """−ELBO in nats a picture, with one sample a picture, and its two parts."""
        self.vae.eval()
        pixels, labels = self._pixels[self._fit :], self._labels[self._fit :]
        picture, kl = 0.0, 0.0
        for x, y in zip(pixels.split(_AT_ONCE), labels.split(_AT_ONCE), strict=True):
            found = terms(self.vae, x, y)
            picture, kl = picture + float(found.picture.sum()), kl + float(found.kl.sum())
        count = max(1, len(pixels))
        return {"score": (picture + kl) / count, "picture": picture / count, "kl": kl / count}


def _optimiser(recipe: VaeRecipe, network: Vae) -> torch.optim.Optimizer:
    if recipe.optimiser == "muon":
        return Muon.of(network, _OF_BIASES)
    return torch.optim.Adam(network.parameters())


def config_of(recipe: VaeRecipe, height: int, width: int, classes: int) -> VaeConfig:
    """Sizes of the recipe's network for pictures of that size."""
    return VaeConfig(
        height=height,
        width=width,
        classes=classes if recipe.conditional else 0,
        hidden=recipe.hidden,
        latent=recipe.latent,
        likelihood=recipe.likelihood,
        channels=recipe.channels,
        activation=recipe.activation,
    )
