"""What the loop trains: a task knows its data, its networks and its losses, and takes one step at a time."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Now:
    """Where a run is. ``share`` of the budget is used; ``rate`` is the learning rate of this step."""

    step: int
    share: float
    rate: float


class Task(Protocol):
    """Anything that can be trained. Its randomness is torch's, which the loop seeds for each step."""

    @property
    def rows(self) -> int:
        """Examples to train on: a step gets numbers below this."""
        ...

    def step(self, rows: Tensor, now: Now) -> Mapping[str, float]:
        """Learn from examples ``rows`` (B,) int64; the losses by name, of which ``loss`` is the one that is shown."""
        ...

    def score(self) -> Mapping[str, float]:
        """How good it is on what was held out; ``score`` is the one that is to become small."""
        ...

    def state(self) -> dict[str, Any]:
        """All that a later run needs to go on: what torch can save."""
        ...

    def load(self, state: Mapping[str, Any]) -> None: ...

    def weights(self) -> dict[str, Any]:
        """What is kept of the best epoch, as a copy."""
        ...

    def load_weights(self, weights: Mapping[str, Any]) -> None: ...


class OneLoss:
    """A task of one network, one optimiser and one loss; a model's page says ``losses`` and ``score``. Groups of parameters that have a
    ``share`` get so much of the learning rate."""

    # Far above the usual norm: only a runaway batch of the first steps meets it.
    most_gradient = 200.0

    def __init__(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        self.network = network
        self._optimiser = optimiser

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        """Scalars by name; ``loss`` is minimised."""
        raise NotImplementedError

    def step(self, rows: Tensor, now: Now) -> Mapping[str, float]:
        for group in self._optimiser.param_groups:
            group["lr"] = now.rate * group.get("share", 1.0)
        self.network.train()
        found = self.losses(rows, now)
        self._optimiser.zero_grad()
        found["loss"].backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.most_gradient)
        self._optimiser.step()
        return {name: float(value.detach()) for name, value in found.items()}

    def state(self) -> dict[str, Any]:
        return {"network": self.network.state_dict(), "optimiser": self._optimiser.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])

    def weights(self) -> dict[str, Any]:
        return copy.deepcopy(self.network.state_dict())

    def load_weights(self, weights: Mapping[str, Any]) -> None:
        self.network.load_state_dict(dict(weights))
        self.network.eval()
