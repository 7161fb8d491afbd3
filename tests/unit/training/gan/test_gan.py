"""The game of generator and critic: its losses by hand, its penalty, its calm mean, and that it learns and goes on."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from pressroom.training.data.idx import Pictures, Split
from pressroom.training.gan.model import Critic, GanConfig, Generator, critic_loss, generator_loss, r1
from pressroom.training.gan.pictures import GanPictures
from pressroom.training.gan.room import fit, opened
from pressroom.training.gan.task import GanTask, shape_of
from pressroom.training.loop.plan import Plan
from pressroom.training.loop.run import train
from pressroom.training.loop.task import Now
from pressroom.training.measure.frechet import Cloud, distance
from pressroom.training.recipe import GanRecipe
from pressroom.training.run import Run

pytestmark = pytest.mark.train

SMALL = GanConfig(latent=4, channels=4)


def _bars(count: int, seed: int = 0) -> Tensor:
    """White bars on black, upright or flat, somewhere."""
    dice = np.random.default_rng(seed)
    pixels = np.zeros((count, 28, 28), np.float32)
    for picture, place in zip(pixels, dice.integers(2, 22, count), strict=True):
        if dice.random() < 0.5:
            picture[:, place : place + 4] = 1
        else:
            picture[place : place + 4] = 1
    return torch.from_numpy(pixels)


def test_losses_by_hand() -> None:
    real, made = torch.tensor([0.0, 2.0]), torch.tensor([-1.0, 0.0])
    ln = math.log
    expected = (ln(2) + ln(1 + math.exp(-2))) / 2 + (ln(1 + math.exp(-1)) + ln(2)) / 2
    assert float(critic_loss(real, made)) == pytest.approx(expected)
    assert float(generator_loss(made)) == pytest.approx((ln(1 + math.e) + ln(2)) / 2)
    assert float(critic_loss(torch.zeros(3), torch.zeros(3))) == pytest.approx(2 * ln(2))


def test_r1_is_the_square_of_the_slope() -> None:
    pixels = torch.rand(5, 28, 28, requires_grad=True)
    slope = torch.randn(28, 28)
    found = r1((pixels * slope).sum((1, 2)) + 7, pixels)
    assert found.detach().tolist() == pytest.approx(float(slope.square().sum()), rel=1e-5)


def test_shapes() -> None:
    pixels = Generator(SMALL)(torch.randn(3, 4)).detach()
    assert pixels.shape == (3, 28, 28)
    assert 0 <= float(pixels.min()) <= float(pixels.max()) <= 1
    assert Critic(SMALL)(pixels).shape == (3,)
    assert shape_of(_bars(7)).shape == (7, 49)
    assert shape_of(_bars(7)).mean() == pytest.approx(4 / 28, rel=1e-5)


def _task(**changes: object) -> GanTask:
    torch.manual_seed(0)
    return GanTask(_bars(600), SMALL, held_out=100, **changes)  # type: ignore[arg-type]


def _slope(task: GanTask) -> float:
    pixels = _bars(200, 3).requires_grad_(True)
    return float(r1(task.critic(pixels), pixels).detach())


def test_the_penalty_keeps_the_critic_s_slope_low() -> None:
    slopes = []
    for penalty in (0.0, 10.0):
        task = _task(penalty=penalty, penalty_every=1)
        for step in range(60):
            torch.manual_seed(step)
            task.step(torch.randint(0, 500, (32,)), Now(step, 0.0, 3e-3))
        slopes.append(_slope(task))
    assert slopes[1] < 0.2 * slopes[0]


def test_the_mean_follows_slowly() -> None:
    task = _task()
    before = [weights.clone() for weights in task.mean.parameters()]
    task.step(torch.arange(32), Now(0, 0.0, 1e-2))
    for old, calm, wild in zip(before, task.mean.parameters(), task.generator.parameters(), strict=True):
        torch.testing.assert_close(calm, old + 0.005 * (wild.detach() - old), rtol=1e-3, atol=1e-6)


def test_each_learns_in_its_own_step_alone() -> None:
    task = _task()
    generator = [weights.clone() for weights in task.generator.parameters()]
    task._judge(_bars(32), Now(1, 0.0, 1e-3))
    assert all(torch.equal(old, new) for old, new in zip(generator, task.generator.parameters(), strict=True))
    critic = [weights.clone() for weights in task.critic.parameters()]
    task._make(32)
    assert all(torch.equal(old, new) for old, new in zip(critic, task.critic.parameters(), strict=True))
    assert not all(
        torch.equal(old, new) for old, new in zip(generator, task.generator.parameters(), strict=True)
    )


PLAN = Plan(epochs=3, batch=50, learning_rate=2e-3, warm_up_steps=0)


def test_a_broken_game_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole, broken, again = _task(), _task(), _task()
    train(whole, PLAN, recipe="r")
    score, calls = broken.score, [0]

    class Cut(Exception):
        pass

    def cut() -> dict[str, float]:
        calls[0] += 1
        if calls[0] == 2:
            raise Cut
        return dict(score())

    broken.score = cut
    with pytest.raises(Cut):
        train(broken, PLAN, recipe="r", folder=tmp_path)
    train(again, PLAN, recipe="r", folder=tmp_path)
    for name, value in whole.critic.state_dict().items():
        assert torch.equal(value, again.critic.state_dict()[name])
    for name, value in whole.mean.state_dict().items():
        assert torch.equal(value, again.mean.state_dict()[name])


def _split(count: int, seed: int) -> Split:
    return Split((_bars(count, seed) * 255).byte().numpy(), np.zeros(count, np.uint8))


def test_a_recipe_becomes_pictures_that_are_like_the_data(tmp_path: Path) -> None:
    recipe = GanRecipe.model_validate(
        {
            "kind": "gan",
            "title": "t",
            "data": "mnist",
            "latent": 8,
            "channels": 8,
            "penalty": 0.1,
            "plan": {"epochs": 12, "batch": 32, "learning_rate": 2e-3, "warm_up_steps": 0},
        }
    )
    pictures = Pictures(train=_split(1600, 0), test=_split(300, 1))
    run = Run(tmp_path, lambda line: None, quiet=True)
    made = fit(pictures, recipe, run, held_out=200)
    real = Cloud.of(shape_of(_bars(300, 1)))

    def away(pixels: Tensor) -> float:
        return distance(Cloud.of(shape_of(pixels)), real)

    labels = torch.zeros(300, dtype=torch.int64)
    far = away(torch.rand(300, 28, 28, generator=torch.Generator().manual_seed(0)))
    assert away(_bars(300, 2)) < away(made.sample(labels)) < 0.4 * far
    assert torch.equal(opened(recipe, run).sample(labels), made.sample(labels))


def test_a_walk_stays_on_the_sphere() -> None:
    seen: list[Tensor] = []

    class Listening(Generator):
        def forward(self, z: Tensor) -> Tensor:
            seen.append(z)
            return super().forward(z)

    GanPictures(Listening(GanConfig(latent=64, channels=4))).walk(5, 12)
    lengths = torch.stack([z.norm(dim=1) for z in seen])
    assert lengths.shape == (5, 12)
    middle = lengths[:, 5:7].mean(1) / lengths[:, [0, -1]].mean(1)
    assert float(middle.min()) > 0.95  # straight through it would be about 0.7
