"""Train the VAE on one CPU thread: a budget in CPU seconds or epochs, the best held-out weights kept.

Seeded throughout: with a budget in epochs, the same seed on the same machine gives the same weights
(a budget in seconds ends where the machine's speed puts it).
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pressroom.training.data.idx import Split
from pressroom.training.vae.model import Vae, VaeConfig, null_loss, terms

HELD_OUT = 5_000  # the last pictures of the training set, never trained on: they choose the checkpoint


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How to train. Give ``epochs`` or ``cpu_seconds``; the learning rate falls to 0 over either."""

    epochs: int | None = None
    cpu_seconds: float | None = 300.0
    batch: int = 128
    learning_rate: float = 2e-3
    label_dropout: float = 0.1
    # Above 1 (Higgins et al., beta-VAE, 2017) latents stay closer to the prior, so that pictures from the
    # prior look like their label, and the ELBO pays for it. What is reported is the ELBO, weight 1.
    kl_weight: float = 2.5
    warm_up_steps: int = 1000  # of the KL's weight: from the start it would switch most latents off
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """After each epoch: mean −ELBO in nats a picture, and seconds of CPU time spent and left."""

    epoch: int
    train: float
    held_out: float
    spent: float
    left: float


Report = Callable[[Progress], None]


def as_tensors(split: Split) -> tuple[Tensor, Tensor]:
    """(N, H, W) float32 in [0, 1] and (N,) int64."""
    pixels = torch.from_numpy(split.images.astype(np.float32) / 255)
    return pixels, torch.from_numpy(split.labels.astype(np.int64))


def train(
    data: Split,
    config: TrainConfig,
    *,
    model_config: VaeConfig | None = None,
    held_out: int = HELD_OUT,
    report: Report = lambda progress: None,
) -> Vae:
    """Fit a new model; returns it with the weights of its best epoch on held-out pictures.

    :param data: training pictures; the last ``held_out`` of them are kept aside.
    :param report: called after each epoch.
    """
    torch.manual_seed(config.seed)
    model = Vae(model_config or VaeConfig())
    pixels, labels = as_tensors(data)
    fit = len(pixels) - held_out
    optimiser = torch.optim.Adam(model.parameters(), config.learning_rate)
    best, best_weights = math.inf, copy.deepcopy(model.state_dict())
    budget = _Budget(config, steps_an_epoch=math.ceil(fit / config.batch))
    epoch = 0
    while not budget.over:
        epoch += 1
        total, seen = 0.0, 0
        for rows in torch.randperm(fit).split(config.batch):
            if budget.over:
                break
            for group in optimiser.param_groups:
                group["lr"] = config.learning_rate * _schedule(budget)
            found = terms(model, pixels[rows], labels[rows])
            weight = config.kl_weight * min(1.0, (budget.steps + 1) / config.warm_up_steps)
            loss = (found.picture + weight * found.kl).sum()
            dropped = torch.rand(len(rows)) < config.label_dropout
            loss = loss + null_loss(model, pixels[rows][dropped], found.z[dropped]).sum()
            optimiser.zero_grad()
            (loss / len(rows)).backward()
            # Far above the usual norm: only a runaway batch of the first steps meets it.
            torch.nn.utils.clip_grad_norm_(model.parameters(), 200.0)
            optimiser.step()
            budget.steps += 1
            total, seen = total + float(found.negative_elbo.sum().detach()), seen + len(rows)
        score = mean_negative_elbo(model, pixels[fit:], labels[fit:], seed=config.seed)
        if score < best:
            best, best_weights = score, copy.deepcopy(model.state_dict())
        report(Progress(epoch, total / max(seen, 1), score, budget.spent, budget.left))
    model.load_state_dict(best_weights)
    return model.eval()


@torch.no_grad()
def mean_negative_elbo(model: Vae, pixels: Tensor, labels: Tensor, *, seed: int) -> float:
    """−ELBO in nats a picture, one latent sample a picture, noise drawn from ``seed``."""
    noise = torch.randn(len(pixels), model.config.latent, generator=torch.Generator().manual_seed(seed))
    total = 0.0
    for rows in torch.arange(len(pixels)).split(1000):
        total += float(terms(model, pixels[rows], labels[rows], noise=noise[rows]).negative_elbo.sum())
    return total / len(pixels)


def _schedule(budget: "_Budget") -> float:
    """Factor of the learning rate: 200 steps up, then half a cosine down to 1 %."""
    return min(1.0, (budget.steps + 1) / 200) * (0.5 * (1 + math.cos(math.pi * budget.share)) + 0.01)


class _Budget:
    """How much of the training is done. CPU time of this process, so that neighbours do not count."""

    def __init__(self, config: TrainConfig, steps_an_epoch: int) -> None:
        if (config.epochs is None) == (config.cpu_seconds is None):
            raise ValueError("give a budget in epochs or in cpu_seconds, and not in both")
        self.steps = 0
        self._all_steps = None if config.epochs is None else config.epochs * steps_an_epoch
        self._seconds = config.cpu_seconds
        self._start = time.process_time()

    @property
    def spent(self) -> float:
        return time.process_time() - self._start

    @property
    def share(self) -> float:
        """From 0 to 1."""
        if self._all_steps is not None:
            return min(1.0, self.steps / self._all_steps)
        assert self._seconds is not None
        return min(1.0, self.spent / self._seconds) if self._seconds > 0 else 1.0

    @property
    def over(self) -> bool:
        return self.share >= 1.0

    @property
    def left(self) -> float:
        return self.spent * (1 - self.share) / self.share if self.share else math.inf
