"""The flow as a task of the loop: the squared error of its velocities, and the same of latents that were held out."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pressroom.training.flow.model import SOONEST, Flow
from pressroom.training.loop.task import Now, OneLoss

_AT_ONCE = 1_000
_CALM = 0.999
"""How much of the mean weights stays in a step; less in the first steps, which are far off."""


class FlowTask(OneLoss):
    """``mean`` and ``log_variance`` (N, Z) are the VAE's of each picture, ``labels`` (N,): each step draws latents anew."""

    most_gradient = 1.0

    def __init__(
        self,
        network: Flow,
        mean: Tensor,
        log_variance: Tensor,
        labels: Tensor,
        *,
        held_out: int,
        label_dropout: float = 0.1,
    ) -> None:
        super().__init__(network, torch.optim.AdamW(network.parameters(), weight_decay=0.01))
        self.flow = network
        self.calm = copy.deepcopy(network).requires_grad_(False).eval()
        self._fit = len(mean) - held_out
        self._means, self._deviations = mean, (0.5 * log_variance).exp()
        self._labels, self._label_dropout = labels, label_dropout
        spread = (mean[: self._fit].var(0) + log_variance[: self._fit].exp().mean(0)).sqrt()
        for each in (self.flow, self.calm):
            each.mean.copy_(mean[: self._fit].mean(0))
            each.deviation.copy_(spread)

    @property
    def rows(self) -> int:
        return self._fit

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        dropped = torch.rand(len(rows)) < self._label_dropout
        labels = self._labels[rows].masked_fill(dropped, self.flow.config.classes)
        return {"loss": self._cost(self.flow, rows, labels).mean()}

    def step(self, rows: Tensor, now: Now) -> Mapping[str, float]:
        told = super().step(rows, now)
        calm = min(_CALM, (now.step + 1) / (now.step + 20))
        with torch.no_grad():
            for slow, quick in zip(self.calm.parameters(), self.flow.parameters(), strict=True):
                slow.lerp_(quick, 1 - calm)
        return told

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        rows = torch.arange(self._fit, len(self._means))
        parts = [self._cost(self.calm, part, self._labels[part]) for part in rows.split(_AT_ONCE)]
        error = float(torch.cat(parts).mean())
        return {"score": error, "loss": error}

    def state(self) -> dict[str, Any]:
        return {**super().state(), "calm": self.calm.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        super().load(state)
        self.calm.load_state_dict(state["calm"])

    def weights(self) -> dict[str, Any]:
        return copy.deepcopy(self.calm.state_dict())

    def load_weights(self, weights: Mapping[str, Any]) -> None:
        self.calm.load_state_dict(dict(weights))

    def _cost(self, network: Flow, rows: Tensor, labels: Tensor) -> Tensor:
        """(B,): mean square error of the velocity at a time that is drawn, most often in the middle of the way."""
        latents = self._means[rows] + self._deviations[rows] * torch.randn(len(rows), self._means.shape[1])
        ends = (latents - network.mean) / network.deviation  # (B, Z)
        t = torch.sigmoid(torch.randn(len(rows)))  # Esser et al. 2024, section 3.1
        x = (1 - t)[:, None] * torch.randn_like(ends) + t[:, None] * ends
        error = (network(x, t, labels) - ends) / (1 - t)[:, None].clamp(min=SOONEST)
        return error.square().mean(1)
