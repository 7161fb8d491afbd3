"""A flow from noise to latents: exact where the end is known, learnt where it is not, guided, broken off and gone on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.bars import bars
from torch import Tensor

from pressroom.training.data.idx import Pictures
from pressroom.training.flow.model import Flow, FlowConfig
from pressroom.training.flow.room import fit, opened
from pressroom.training.flow.task import FlowTask
from pressroom.training.loop.plan import Plan
from pressroom.training.loop.run import train
from pressroom.training.recipe import FlowRecipe
from pressroom.training.run import Run

pytestmark = pytest.mark.train

CONFIG = FlowConfig(latent=2, classes=2, width=64, layers=2)


class _Known(Flow):
    """Knows where everything ends: at 3 for class 0, at -3 for class 1, at 0 for none."""

    def forward(self, x: Tensor, t: Tensor, label: Tensor) -> Tensor:
        return torch.tensor([3.0, -3.0, 0.0])[label][:, None].expand_as(x)


def test_what_is_known_is_met_exactly() -> None:
    label = torch.tensor([0, 1, 2])
    noise = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    ended = _Known(CONFIG).carried(noise, label, torch.ones(3))
    torch.testing.assert_close(ended[:, 0], torch.tensor([3.0, -3.0, 0.0]))


def test_guidance_goes_from_none_through_what_was_asked() -> None:
    label = torch.tensor([0])
    for guidance, end in ((0.0, 0.0), (1.0, 3.0), (2.0, 6.0)):
        ended = _Known(CONFIG).carried(torch.zeros(1, 2), label, torch.tensor([guidance]))
        assert float(ended[0, 0]) == pytest.approx(end, abs=1e-4)


def _latents(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Two classes: a ring to the left, a point to the right; neither is a Gaussian."""
    dice = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2, (count,), generator=dice)
    turn = torch.rand(count, generator=dice) * 2 * torch.pi
    ring = torch.stack([turn.cos() - 2, turn.sin()], 1)
    mean = torch.where(labels[:, None] == 0, ring, torch.tensor([2.0, 0.0]))
    return mean, torch.full((count, 2), -6.0), labels


PLAN = Plan(epochs=25, batch=128, learning_rate=3e-3, warm_up_steps=20)


def test_it_learns_what_no_gaussian_is() -> None:
    torch.manual_seed(0)
    flow = Flow(CONFIG)
    task = FlowTask(flow, *_latents(4000), held_out=400)
    outcome = train(task, PLAN, recipe="f")
    assert outcome.best_score < 0.8 * outcome.history[0]["score"]
    noise = torch.randn(500, 2, generator=torch.Generator().manual_seed(1))
    ring = _carried(task, noise, 0)
    away = (ring - torch.tensor([-2.0, 0.0])).norm(dim=1)
    assert float(away.mean()) == pytest.approx(1.0, abs=0.15)
    assert float(away.std()) < 0.3
    assert float((ring[:, 1] > 0).float().mean()) == pytest.approx(0.5, abs=0.15)  # all around it
    point = _carried(task, noise, 1)
    assert float((point - torch.tensor([2.0, 0.0])).norm(dim=1).median()) < 0.3


@torch.no_grad()
def _carried(task: FlowTask, noise: Tensor, label: int) -> Tensor:
    return task.calm.carried(noise, torch.full((len(noise),), label), torch.ones(len(noise)))


def test_a_broken_run_gives_the_weights_of_an_unbroken_one(tmp_path: Path) -> None:
    plan = PLAN.model_copy(update={"epochs": 3})

    def task() -> FlowTask:
        torch.manual_seed(0)
        return FlowTask(Flow(CONFIG), *_latents(600), held_out=100)

    class Cut(Exception):
        pass

    whole, broken, again = task(), task(), task()
    train(whole, plan, recipe="r")
    score, calls = broken.score, []

    def cut() -> dict[str, float]:
        calls.append(1)
        if len(calls) == 3:
            raise Cut
        return dict(score())

    broken.score = cut
    with pytest.raises(Cut):
        train(broken, plan, recipe="r", folder=tmp_path)
    train(again, plan, recipe="r", folder=tmp_path)
    for part in ("flow", "calm"):
        for name, value in getattr(whole, part).state_dict().items():
            assert torch.equal(value, getattr(again, part).state_dict()[name])


def test_a_recipe_becomes_pictures_of_the_class_that_is_asked_for(tmp_path: Path) -> None:
    recipe = FlowRecipe.model_validate(
        {
            "kind": "flow",
            "title": "t",
            "data": "mnist",
            "channels": 8,
            "latent": 8,
            "width": 64,
            "layers": 2,
            "first": {"epochs": 8, "batch": 32, "learning_rate": 4e-3, "warm_up_steps": 10},
            "plan": {"epochs": 12, "batch": 64, "learning_rate": 3e-3, "warm_up_steps": 10},
        }
    )
    run = Run(tmp_path, lambda line: None, quiet=True)
    made = fit(recipe, Pictures(train=bars(1500), test=bars(50, 1)), run, held_out=200)
    labels = torch.arange(80) % 4
    pixels = made.sample(labels, seed=3)
    assert pixels.shape == (80, 28, 28)
    flat = pixels.mean(2).std(1) > pixels.mean(1).std(1)  # rows differ more than columns
    assert float((flat == (labels >= 2)).float().mean()) > 0.9
    again = opened(recipe, run)
    np.testing.assert_array_equal(again.sample(labels, seed=3).numpy(), pixels.numpy())
