"""The VAE under the loop, on small made-up pictures: it learns, repeats itself, and each knob does what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pressroom.training.data.idx import Split
from pressroom.training.loop.run import Outcome, train
from pressroom.training.loop.task import Now
from pressroom.training.recipe import VaeRecipe
from pressroom.training.vae.task import VaeTask

pytestmark = pytest.mark.train

PLAN = {"epochs": 10, "batch": 20, "learning_rate": 1e-2, "warm_up_steps": 10}


def _data(count: int = 600) -> Split:
    """Two classes: bright above or bright below, with some noise."""
    source = np.random.default_rng(0)
    labels = source.integers(0, 2, count).astype(np.uint8)
    images = source.integers(0, 60, (count, 6, 6)).astype(np.uint8)
    images[labels == 0, :3] += 180
    images[labels == 1, 3:] += 180
    return Split(images, labels)


def _task(plan: dict[str, Any] = PLAN, **recipe: Any) -> VaeTask:
    said = {
        "kind": "vae",
        "title": "t",
        "data": "mnist",
        "hidden": (16, 32),
        "latent": 4,
        "plan": plan,
        **recipe,
    }
    return VaeTask(VaeRecipe.model_validate(said), _data(), 2, held_out=100)


def _trained(task: VaeTask, folder: Path | None = None) -> Outcome:
    return train(task, task.recipe.plan, recipe=task.recipe.digest(), folder=folder)


@pytest.mark.parametrize("conditional", [False, True])
def test_it_learns_and_keeps_the_best_epoch(conditional: bool) -> None:
    task = _task(conditional=conditional)
    outcome = _trained(task)
    assert outcome.history[-1]["score"] < outcome.history[0]["score"] - 1
    assert outcome.best_score == min(row["score"] for row in outcome.history)
    assert task.rows == 500
    torch.manual_seed(0)
    assert task.score()["score"] == pytest.approx(outcome.best_score, rel=0.02)
    assert outcome.history[0]["score"] == pytest.approx(
        outcome.history[0]["picture"] + outcome.history[0]["kl"]
    )


def test_the_same_seed_gives_the_same_weights_also_when_broken_off(tmp_path: Path) -> None:
    whole = _task({**PLAN, "epochs": 3})
    _trained(whole)
    broken = _task({**PLAN, "epochs": 3})
    plan = broken.recipe.plan

    class Cut(Exception):
        pass

    score, calls = broken.score, [0]

    def cut() -> dict[str, float]:
        calls[0] += 1
        if calls[0] == 2:
            raise Cut
        return dict(score())

    broken.score = cut
    with pytest.raises(Cut):
        train(broken, plan, recipe="r", folder=tmp_path)
    again = _task({**PLAN, "epochs": 3})
    train(again, plan, recipe="r", folder=tmp_path)
    for name, weights in whole.vae.state_dict().items():
        assert torch.equal(weights, again.vae.state_dict()[name])


def _losses(task: VaeTask, step: int = 0) -> dict[str, float]:
    torch.manual_seed(0)
    found = task.losses(torch.arange(50), Now(step, 0.0, 1e-3))
    return {name: float(value.detach()) for name, value in found.items()}


def test_beta_weighs_the_kl_and_rises_to_it() -> None:
    plain = _losses(_task())
    assert plain["loss"] == pytest.approx(plain["picture"] + plain["kl"])
    heavy = _losses(_task(beta=3.0))
    assert heavy["loss"] == pytest.approx(heavy["picture"] + 3 * heavy["kl"], rel=1e-5)
    rising = [_losses(_task(beta=3.0, kl_warm_up_steps=4), step) for step in (0, 1, 3, 9)]
    weights = [(found["loss"] - found["picture"]) / found["kl"] for found in rising]
    assert weights == pytest.approx([0.75, 1.5, 3, 3], rel=1e-4)


def test_free_nats_cost_what_they_are_and_no_less() -> None:
    found = _losses(_task(free_nats=50.0))  # far above what any latent has at first
    assert found["loss"] == pytest.approx(found["picture"] + 4 * 50, rel=1e-5)
    task = _task(free_nats=50.0)
    task.losses(torch.arange(50), Now(0, 0.0, 1e-3))["loss"].backward()
    without = _task(beta=1e-9)
    without.losses(torch.arange(50), Now(0, 0.0, 1e-3))["loss"].backward()
    assert task.vae.encoder[4].weight.grad is not None
    assert without.vae.encoder[4].weight.grad is not None


def test_a_label_is_dropped_only_where_there_are_labels() -> None:
    dropped = _losses(_task(conditional=True, label_dropout=0.9))
    assert dropped["loss"] > dropped["picture"] + dropped["kl"] + 1
    never = _losses(_task(conditional=True, label_dropout=0.0))
    assert never["loss"] == pytest.approx(never["picture"] + never["kl"], rel=1e-5)


def test_without_classes_the_label_is_looked_at_by_nobody() -> None:
    vae = _task().vae.eval()
    pixels, z = torch.rand(2, 6, 6), torch.randn(2, 4)
    zeros, ones = torch.zeros(2, dtype=torch.int64), torch.ones(2, dtype=torch.int64)
    assert torch.equal(vae.encode(pixels, zeros)[0], vae.encode(pixels, ones)[0])
    assert torch.equal(vae.decode(z, zeros), vae.decode(z, ones))
    guided = vae.guided(z, zeros, torch.tensor([0.0, 3.0]))
    assert torch.equal(guided, torch.sigmoid(vae.decode(z, zeros)))
    assert vae.encoder[0].in_features == 36
