"""What a picture costs, against values worked out by hand, sums over all levels, and torch's own distributions."""

import math

import pytest
import torch

from pressroom.training.vae.likelihood import LEVELS, bernoulli, bits_per_dim, cost, gaussian, logistic

pytestmark = pytest.mark.train


def test_bernoulli_by_hand() -> None:
    # −x ln p − (1 − x) ln(1 − p): p = ½ costs ln 2 for every grey; p = 0.8, x = 0.25 by the formula.
    logits = torch.tensor([[[0.0, math.log(4.0)]]])
    pixels = torch.tensor([[[0.3, 0.25]]])
    expected = math.log(2) - 0.25 * math.log(0.8) - 0.75 * math.log(0.2)
    assert float(bernoulli(logits, pixels)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("log_scale", [-4.0, -1.0, 0.5])
def test_gaussian_is_a_normal_density(log_scale: float) -> None:
    logits, pixels = torch.randn(3, 4, 5), torch.rand(3, 4, 5)
    normal = torch.distributions.Normal(torch.sigmoid(logits), math.exp(log_scale))
    expected = -normal.log_prob(pixels).flatten(1).sum(1)
    torch.testing.assert_close(gaussian(logits, pixels, torch.tensor(log_scale)), expected)


@pytest.mark.parametrize("log_scale", [-30.0, -6.0, -3.0, 0.0, 2.0, 30.0])
@pytest.mark.parametrize("logit", [-30.0, -4.0, 0.0, 0.3, 9.0])
def test_the_chances_of_all_levels_are_one_together(log_scale: float, logit: float) -> None:
    pixels = (torch.arange(LEVELS, dtype=torch.float64) / (LEVELS - 1)).view(-1, 1, 1)
    logits = torch.full_like(pixels, logit)
    costs = logistic(logits, pixels, torch.tensor(log_scale, dtype=torch.float64))
    assert torch.isfinite(costs).all()
    assert float((-costs).exp().sum()) == pytest.approx(1.0, rel=1e-9)


def test_a_level_is_the_mass_between_its_borders() -> None:
    scale = 0.05
    pixels, logits = torch.tensor([[[100 / 255]]]), torch.tensor([[[-0.2]]])
    mean = 1 / (1 + math.exp(0.2))
    above, below = (1 / (1 + math.exp(-(edge / 255 - mean) / scale)) for edge in (100.5, 99.5))
    found = logistic(logits, pixels, torch.tensor(math.log(scale)))
    assert float(found) == pytest.approx(-math.log(above - below), rel=1e-4)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "logistic"])
def test_gradients_are_numbers_also_far_off(likelihood: str) -> None:
    logits = torch.tensor([[[-60.0, 60.0, 0.0]]], requires_grad=True)
    scale = torch.tensor(-7.0, requires_grad=True)
    cost(likelihood, logits, torch.tensor([[[1.0, 0.0, 0.5]]]), scale).sum().backward()  # type: ignore[arg-type]
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert scale.grad is None or torch.isfinite(scale.grad)


def test_a_picture_of_equal_chances_takes_eight_bits_a_pixel() -> None:
    assert bits_per_dim(784 * math.log(256), 784) == pytest.approx(8)
