"""A tiny training run: it learns, keeps its best weights, repeats itself, and stops in time."""

import numpy as np
import pytest
import torch

from pressroom.training.data.idx import Split
from pressroom.training.vae.model import VaeConfig
from pressroom.training.vae.train import Progress, TrainConfig, as_tensors, mean_negative_elbo, train

pytestmark = pytest.mark.train

TINY = VaeConfig(height=6, width=6, classes=2, hidden=(16, 32), latent=4)


def _data(count: int = 600) -> Split:
    """Two classes: bright above or bright below, with some noise."""
    source = np.random.default_rng(0)
    labels = source.integers(0, 2, count).astype(np.uint8)
    images = source.integers(0, 60, (count, 6, 6)).astype(np.uint8)
    images[labels == 0, :3] += 180
    images[labels == 1, 3:] += 180
    return Split(images, labels)


def _train(config: TrainConfig) -> tuple[list[Progress], float]:
    heard: list[Progress] = []
    data = _data()
    model = train(data, config, model_config=TINY, held_out=100, report=heard.append)
    pixels, labels = as_tensors(data)
    return heard, mean_negative_elbo(model, pixels[-100:], labels[-100:], seed=config.seed)


def test_it_learns_and_keeps_the_best_epoch() -> None:
    heard, kept = _train(
        TrainConfig(epochs=10, cpu_seconds=None, batch=20, learning_rate=1e-2, warm_up_steps=20)
    )
    assert [progress.epoch for progress in heard] == list(range(1, 11))
    assert heard[-1].train < heard[0].train - 1
    assert kept == pytest.approx(min(progress.held_out for progress in heard), abs=1e-3)
    assert heard[-1].left == pytest.approx(0, abs=1e-9)


def test_the_same_seed_gives_the_same_weights() -> None:
    config = TrainConfig(epochs=2, cpu_seconds=None, batch=50, seed=3)
    first, second = (train(_data(), config, model_config=TINY, held_out=100).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_budget_in_seconds_ends_it() -> None:
    heard, _ = _train(TrainConfig(cpu_seconds=0.05, batch=50))
    assert heard[-1].left == 0
    assert heard[-1].spent < 5


@pytest.mark.parametrize("config", [TrainConfig(epochs=1), TrainConfig(epochs=None, cpu_seconds=None)])
def test_a_budget_is_one_thing(config: TrainConfig) -> None:
    with pytest.raises(ValueError, match="budget"):
        train(_data(), config, model_config=TINY, held_out=100)
