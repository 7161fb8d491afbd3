"""Muon: steps of matrices in which every direction counts alike.

    gradient ─> momentum ─> its nearest orthogonal matrix ─> step

Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". A gradient's matrix is of few strong directions and many
weak ones; made orthogonal, the weak ones are learnt as fast. The Newton-Schulz iteration makes it so without a decomposition, in
products of matrices alone. A kernel of a convolution is the matrix of its outputs by all that each of them sees. Biases, and what the
caller counts as ``others``, are given to Adam (Kingma and Ba 2015).
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

# Of the quintic a X + b (X Xᵀ) X + c (X Xᵀ)² X, which lifts small singular values fast and leaves large ones near 1.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_MOMENTUM, _BETAS, _EPSILON = 0.95, (0.9, 0.99), 1e-8


class Muon(torch.optim.Optimizer):
    """``matrices`` are stepped at the learning rate, ``others`` by Adam at ``share`` of it; ``rounds`` of the iteration."""

    def __init__(
        self, matrices: Iterable[Tensor], others: Iterable[tuple[Tensor, float]], *, rounds: int = 3
    ) -> None:
        groups: list[dict[str, Any]] = [{"params": list(matrices), "share": 1.0, "orthogonal": True}]
        groups += [{"params": [each], "share": share, "orthogonal": False} for each, share in others]
        super().__init__(groups, {"lr": 1e-3, "rounds": rounds})

    @classmethod
    def of(cls, network: nn.Module, share: float) -> "Muon":
        """All matrices and kernels of a network, and the rest of it by Adam."""
        parameters = list(network.parameters())
        matrices = [each for each in parameters if each.ndim > 1]
        return cls(matrices, [(each, share) for each in parameters if each.ndim < 2])

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for each in group["params"]:
                if each.grad is None:
                    continue
                if group["orthogonal"]:
                    self._turn(each, group["lr"], group["rounds"])
                else:
                    self._adam(each, group["lr"])

    def _turn(self, weight: Tensor, rate: float, rounds: int) -> None:
        state = self.state[weight]
        gradient = weight.grad.flatten(1)
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(gradient)
        state["momentum"].lerp_(gradient, 1 - _MOMENTUM)
        ahead = gradient.lerp(state["momentum"], _MOMENTUM)  # Nesterov's
        rows, columns = ahead.shape
        # A tall matrix's columns have length 1 then, and its rows less: so steps of all shapes change outputs alike.
        weight.add_(orthogonal(ahead, rounds).view_as(weight), alpha=-rate * max(1.0, rows / columns) ** 0.5)

    def _adam(self, weight: Tensor, rate: float) -> None:
        state, gradient = self.state[weight], weight.grad
        if not state:
            state |= {
                "mean": torch.zeros_like(weight),
                "square": torch.zeros_like(weight),
                "steps": torch.zeros(()),
            }
        state["steps"] += 1
        state["mean"].lerp_(gradient, 1 - _BETAS[0])
        state["square"].lerp_(gradient.square(), 1 - _BETAS[1])
        steps = float(state["steps"])
        mean = state["mean"] / (1 - _BETAS[0] ** steps)
        spread = (state["square"] / (1 - _BETAS[1] ** steps)).sqrt_().add_(_EPSILON)
        weight.addcdiv_(mean, spread, value=-rate)


def orthogonal(matrix: Tensor, rounds: int) -> Tensor:
    """Near the nearest matrix whose singular values are all 1: (M, N) → (M, N). Between 0.7 and 1.2 after five rounds of what is not
    nearly 0."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)  # no singular value is above 1
    for _ in range(rounds):
        gram = x @ x.T
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    return x.T if tall else x
