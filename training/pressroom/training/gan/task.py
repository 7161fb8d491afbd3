"""The game of generator and critic as a task of the loop: a step of each, and how far made pictures are from held-out ones."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from pressroom.training.gan.model import Critic, GanConfig, Generator, critic_loss, generator_loss, r1
from pressroom.training.loop.task import Now
from pressroom.training.measure.frechet import Cloud, distance

HELD_OUT = 5_000
"""The last pictures of the training set are never trained on: they choose the epoch that is kept."""

_CALM = 0.995
"""How much of the mean generator stays in a step."""

_AT_ONCE = 500


class GanTask:
    """Implements ``Task``. ``pixels`` (N, 28, 28) in [0, 1]; ``penalty`` is γ, and counts every ``penalty_every`` steps, times
    as many, since it changes slowly and is dear (Karras et al. 2020, StyleGAN2, section 3.1)."""

    def __init__(
        self,
        pixels: Tensor,
        config: GanConfig,
        *,
        penalty: float = 1.0,
        penalty_every: int = 8,
        held_out: int = HELD_OUT,
    ) -> None:
        self.generator, self.critic = Generator(config), Critic(config)
        self.mean = copy.deepcopy(self.generator).requires_grad_(False).eval()
        # No momentum: the other's answer to the last step is what counts (Mescheder et al. 2018, section 4.2).
        self._makes = torch.optim.Adam(self.generator.parameters(), betas=(0.0, 0.99))
        self._judges = torch.optim.Adam(self.critic.parameters(), betas=(0.0, 0.99))
        self._pixels, self._fit = pixels, len(pixels) - held_out
        self._penalty, self._penalty_every = penalty, penalty_every
        self._held_out = Cloud.of(shape_of(pixels[self._fit :]))

    @property
    def rows(self) -> int:
        return self._fit

    def step(self, rows: Tensor, now: Now) -> Mapping[str, float]:
        for optimiser in (self._makes, self._judges):
            for group in optimiser.param_groups:
                group["lr"] = now.rate
        judged = self._judge(self._pixels[rows], now)
        made = self._make(len(rows))
        return {"loss": judged["critic"] + made, "generator": made, **judged}

    def _judge(self, real: Tensor, now: Now) -> dict[str, float]:
        self.generator.train()
        with torch.no_grad():
            made = self.generator(self._z(len(real)))
        penalised = self._penalty > 0 and now.step % self._penalty_every == 0
        real = real.clone().requires_grad_(penalised)
        looks_real = self.critic(real)
        loss = critic_loss(looks_real, self.critic(made))
        told = float(loss.detach())
        if penalised:
            loss = loss + 0.5 * self._penalty * self._penalty_every * r1(looks_real, real)
        self._judges.zero_grad()
        loss.backward()
        self._judges.step()
        return {"critic": told}

    def _make(self, count: int) -> float:
        loss = generator_loss(self.critic(self.generator(self._z(count))))
        self._makes.zero_grad()
        loss.backward()
        self._makes.step()
        with torch.no_grad():
            for calm, wild in zip(self.mean.parameters(), self.generator.parameters(), strict=True):
                calm.lerp_(wild, 1 - _CALM)
            for calm, wild in zip(self.mean.buffers(), self.generator.buffers(), strict=True):
                calm.copy_(wild)
        return float(loss.detach())

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        """The Fréchet distance of pictures by the mean generator from those held out, in what ``shape_of`` sees."""
        made = torch.cat(
            [self.mean(self._z(_AT_ONCE)) for _ in range(max(1, self._held_out.count // _AT_ONCE))]
        )
        found = distance(Cloud.of(shape_of(made)), self._held_out)
        return {"score": found}

    def state(self) -> dict[str, Any]:
        return {name: copy.deepcopy(part.state_dict()) for name, part in self._parts().items()}

    def load(self, state: Mapping[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def weights(self) -> dict[str, Any]:
        return copy.deepcopy(self.mean.state_dict())

    def load_weights(self, weights: Mapping[str, Any]) -> None:
        self.mean.load_state_dict(dict(weights))

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        return {
            "generator": self.generator,
            "critic": self.critic,
            "mean": self.mean,
            "makes": self._makes,
            "judges": self._judges,
        }

    def _z(self, count: int) -> Tensor:
        return torch.randn(count, self.generator.config.latent)


def shape_of(pixels: Tensor) -> NDArray[np.float64]:
    """(N, 28, 28) → (N, 49): means of fields of 4 by 4 pixels. What a picture is roughly, with nothing learnt: enough to
    choose an epoch by."""
    fields: NDArray[np.float64] = F.avg_pool2d(pixels[:, None], 4).flatten(1).double().numpy()
    return fields
