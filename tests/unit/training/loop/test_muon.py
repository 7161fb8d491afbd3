"""Muon: steps are orthogonal, shapes of all kinds are stepped alike, and a broken-off run goes on with the same weights."""

import pytest
import torch
from torch import nn

from pressroom.training.loop.muon import Muon, orthogonal

pytestmark = pytest.mark.train


@pytest.mark.parametrize("shape", [(8, 8), (4, 30), (30, 4), (1, 5), (6, 1)])
def test_a_matrix_becomes_nearly_orthogonal(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    made = orthogonal(matrix, 5)
    assert made.shape == shape
    values = torch.linalg.svdvals(made)
    # A square one has directions that are nearly nothing; those take more rounds.
    assert (values[: max(1, min(shape) - 2)] > 0.6).all()
    assert (values < 1.3).all()
    # It is the same turn: the product with the matrix is symmetric and positive where it is exact.
    assert float((made * matrix).sum()) > 0


def test_a_gradient_of_nothing_moves_nothing() -> None:
    assert not orthogonal(torch.zeros(4, 6), 5).any()


def _network() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(2, 6, 3), nn.Flatten(), nn.Linear(6 * 9, 10))


def _steps(network: nn.Module, optimiser: Muon, first: int, last: int) -> list[float]:
    losses = []
    for step in range(first, last):
        torch.manual_seed(step)
        x = torch.randn(16, 2, 5, 5)
        wanted = x.mean(dim=(1, 2, 3))[:, None].expand(16, 10)
        for group in optimiser.param_groups:
            group["lr"] = 0.02 * group["share"]
        loss = (network(x) - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def test_it_learns_with_kernels_matrices_and_biases() -> None:
    network = _network()
    before = [each.detach().clone() for each in network.parameters()]
    losses = _steps(network, Muon.of(network, 0.1), 0, 120)
    assert sum(losses[-10:]) < sum(losses[:10]) / 10
    assert all(not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))


def test_a_run_that_was_broken_off_goes_on_as_if_nothing_had_been() -> None:
    whole = _network()
    _steps(whole, Muon.of(whole, 0.1), 0, 20)
    first = _network()
    optimiser = Muon.of(first, 0.1)
    _steps(first, optimiser, 0, 10)
    second = _network()
    second.load_state_dict(first.state_dict())
    resumed = Muon.of(second, 0.1)
    resumed.load_state_dict(optimiser.state_dict())
    _steps(second, resumed, 10, 20)
    for one, two in zip(whole.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, two)


def test_what_got_no_gradient_stays() -> None:
    network = _network()
    optimiser = Muon.of(network, 0.1)
    optimiser.step()
    fresh = _network()
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), fresh.parameters(), strict=True))
