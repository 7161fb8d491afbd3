"""Choices as a task of the loop: what was chosen becomes likelier than what was not, and real pictures stay as likely as they were.

    Δ(x) = ELBO(x) - ELBO_before(x)        how much likelier a picture has become
    loss = -log σ(β (Δ(chosen) - Δ(other))) + w · -ELBO(real pictures)

Rafailov et al. 2023, "Direct Preference Optimization: Your Language Model is Secretly a Reward Model", section 4, where a model's
likelihoods are themselves the reward; a bound takes their place, as in Wallace et al. 2024, "Diffusion Model Alignment Using Direct
Preference Optimization", section 4. All bounds of a step are taken at the same noise, so that differences are not its own.

Only the decoder learns. An encoder that may learn too makes a picture unlikely by looking away from it, and what is drawn from chance
stays as it was.
"""

import copy
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from pressroom.training.data.idx import Split
from pressroom.training.loop.task import Now, OneLoss
from pressroom.training.preference.pairs import Sides
from pressroom.training.recipe import PreferenceRecipe
from pressroom.training.tensors import as_tensors
from pressroom.training.vae.model import Vae, terms

_SCALE = 100.0
"""Nats that weigh as much as a choice: a picture's bound is hundreds of them."""
_KEPT_TEST = 1_000


class PreferenceTask(OneLoss):
    """``network`` goes on from where it is; ``real`` are the pictures that it was trained on."""

    def __init__(
        self, recipe: PreferenceRecipe, network: Vae, learnt: Sides, asked: Sides, real: Split
    ) -> None:
        network.encoder.requires_grad_(False)
        super().__init__(network, torch.optim.Adam(network.decoder.parameters()))
        self.vae, self._recipe, self._learnt, self.asked = network, recipe, learnt, asked
        self._before = copy.deepcopy(network).eval().requires_grad_(False)
        pixels, labels = as_tensors(real)
        self._real = pixels[:-_KEPT_TEST], labels[:-_KEPT_TEST]
        self._kept = pixels[-_KEPT_TEST:], labels[-_KEPT_TEST:]

    @property
    def rows(self) -> int:
        return len(self._learnt)

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        choice = -F.logsigmoid(self._recipe.sharpness * self.margins(self._learnt, rows)).mean()
        shown = torch.randint(len(self._real[0]), (4 * len(rows),))
        kept = terms(self.vae, self._real[0][shown], self._real[1][shown]).negative_elbo.mean()
        return {"loss": choice + self._recipe.kept * kept / _SCALE, "choice": choice, "kept": kept}

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        """The same loss of choices and pictures that were held out; ``accuracy`` is the share of pairs whose chosen one has become
        likelier than the other, where ties count half."""
        self.vae.eval()
        margins = self.margins(self.asked, torch.arange(len(self.asked)))
        choice = float(-F.logsigmoid(self._recipe.sharpness * margins).mean())
        kept = float(terms(self.vae, *self._kept).negative_elbo.mean())
        return {
            "score": choice + self._recipe.kept * kept / _SCALE,
            "choice": choice,
            "kept": kept,
            "accuracy": accuracy(margins),
        }

    def margins(self, sides: Sides, rows: Tensor) -> Tensor:
        """Δ(chosen) - Δ(other) in nats: (B,)."""
        chosen, chosen_label = sides.chosen[rows], sides.chosen_label[rows]
        other, other_label = sides.other[rows], sides.other_label[rows]
        noise = torch.randn(len(rows), self.vae.config.latent)
        return self._likelier(chosen, chosen_label, noise) - self._likelier(other, other_label, noise)

    def _likelier(self, pixels: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        now = terms(self.vae, pixels, label, noise=noise).negative_elbo
        with torch.no_grad():
            before = terms(self._before, pixels, label, noise=noise).negative_elbo
        return before - now


def accuracy(margins: Tensor) -> float:
    """The share that is above 0; what is 0 counts half: (N,) → [0, 1]."""
    return float((margins > 0).float().mean() + 0.5 * (margins == 0).float().mean())
